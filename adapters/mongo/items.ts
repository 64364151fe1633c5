import type { CodapError } from '../../src/errors.ts';
import type { Mode } from '../../src/json/typed-text.ts';
import type { ItemBatch } from '../../src/store/payload.ts';
import { bsonToJson } from './bson-json.ts';
import type { Cursor } from './cursor.ts';

/** A cursor's documents, batch by batch. The next one is asked for when it is needed; leaving early closes the cursor, also before the first. */
export class Documents implements AsyncIterableIterator<ItemBatch, undefined> {
  readonly #cursor: Cursor;
  readonly #mode: Mode;
  readonly #judge: (error: unknown) => CodapError;
  #first: readonly Buffer[] | undefined;

  constructor(cursor: Cursor, first: readonly Buffer[] | undefined, mode: Mode, judge: (error: unknown) => CodapError) {
    this.#cursor = cursor;
    this.#first = first;
    this.#mode = mode;
    this.#judge = judge;
  }

  async next(): Promise<IteratorResult<ItemBatch, undefined>> {
    try {
      let batch = this.#first ?? (await this.#cursor.next());
      this.#first = undefined;
      while (batch?.length === 0) batch = await this.#cursor.next();
      if (batch) return { done: false, value: batch.values().map(this.#write) };
    } catch (error) {
      await this.return();
      throw this.#judge(error);
    }
    return this.return();
  }

  readonly #write = (bytes: Buffer): string => {
    try {
      return bsonToJson(bytes, this.#mode);
    } catch (error) {
      throw this.#judge(error);
    }
  };

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#first = undefined;
    await this.#cursor.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
