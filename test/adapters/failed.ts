import type { CodapError } from '../../src/errors.ts';

/** What a call rejects with; fails the test if it does not. */
export async function failed(call: Promise<unknown>): Promise<CodapError> {
  try {
    await call;
  } catch (error) {
    return error as CodapError;
  }
  throw new Error('it did not fail');
}
