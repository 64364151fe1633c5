import type { CodapError } from '../../src/errors.ts';
import type { Value } from '../../src/payload.ts';
import type { Cursor } from './cursor.ts';
import type { Mode } from './query.ts';
import { documentValue } from './value.ts';

/** A cursor's documents, one by one. The next batch is asked for when it is needed; leaving early closes the cursor, also before the first. */
export class Documents implements AsyncIterableIterator<Value, undefined> {
  readonly #cursor: Cursor;
  readonly #mode: Mode;
  readonly #judge: (error: unknown) => CodapError;
  #batch: readonly Buffer[] | undefined;
  #at = 0;

  constructor(cursor: Cursor, first: readonly Buffer[] | undefined, mode: Mode, judge: (error: unknown) => CodapError) {
    this.#cursor = cursor;
    this.#batch = first;
    this.#mode = mode;
    this.#judge = judge;
  }

  async next(): Promise<IteratorResult<Value, undefined>> {
    try {
      while (this.#batch && this.#at === this.#batch.length) {
        this.#batch = await this.#cursor.next();
        this.#at = 0;
      }
      if (this.#batch) return { done: false, value: documentValue(this.#batch[this.#at++], this.#mode) };
    } catch (error) {
      await this.return();
      throw this.#judge(error);
    }
    return this.return();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#batch = undefined;
    await this.#cursor.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
