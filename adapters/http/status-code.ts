import { CodapError, type Code } from '../../src/errors.ts';

/** The code of a failure that a store answers by this status. */
export function codeOfStatus(status: number): Code {
  if (status === 404 || status === 410) return 'NOT_FOUND';
  if (status === 401 || status === 403 || status === 407) return 'FORBIDDEN';
  if (status === 429) return 'OVERLOADED';
  if (status === 408 || status >= 500) return 'UNAVAILABLE';
  return status < 400 ? 'BAD_RESPONSE' : 'INVALID';
}

/** The failure that a 304 is to a request without a condition: it says that what nobody has is unchanged. */
export function unaskedFor304(): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered 304, though it was asked without a condition', {
    status: 304,
  });
}
