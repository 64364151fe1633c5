import type { CodapError } from '../../src/errors.ts';
import type { Mode } from '../../src/json/typed-text.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { ItemBatch } from '../../src/store/payload.ts';
import { bsonToJson, elementToJson } from './bson-json.ts';
import { DOCUMENT, LARGE } from './bson-reader.ts';
import type { Cursor } from './cursor.ts';

/**
 * A cursor's documents, batch by batch, a large one by itself. The next batch is asked for when it is needed;
 * leaving early closes the cursor, also before the first.
 */
export class Documents implements AsyncIterableIterator<ItemBatch, undefined> {
  readonly #cursor: Cursor;
  readonly #mode: Mode;
  readonly #context: Pick<Context, 'signal' | 'work'>;
  readonly #judge: (error: unknown) => CodapError;
  #left: Buffer[];
  #more: boolean;

  constructor(
    cursor: Cursor,
    first: Buffer[] | undefined,
    mode: Mode,
    context: Pick<Context, 'signal' | 'work'>,
    judge: (error: unknown) => CodapError,
  ) {
    this.#cursor = cursor;
    this.#left = first ?? [];
    this.#more = first !== undefined;
    this.#mode = mode;
    this.#context = context;
    this.#judge = judge;
  }

  async next(): Promise<IteratorResult<ItemBatch, undefined>> {
    try {
      while (this.#more && this.#left.length === 0) {
        const batch = await this.#cursor.next();
        this.#more = batch !== undefined;
        this.#left = batch ?? [];
      }
      if (this.#left.length > 0) return { done: false, value: await this.#batch() };
    } catch (error) {
      await this.return();
      throw this.#judge(error);
    }
    return this.return();
  }

  async #batch(): Promise<ItemBatch> {
    const large = this.#left.findIndex(({ length }) => length >= LARGE);
    if (large !== 0)
      return this.#left
        .splice(0, large < 0 ? Infinity : large)
        .values()
        .map(this.#write);
    const document = this.#left.shift() as Buffer;
    const { work, signal } = this.#context;
    return [String(await work.do(elementToJson(document, DOCUMENT, 0, this.#mode), signal))];
  }

  readonly #write = (bytes: Buffer): string => {
    try {
      return bsonToJson(bytes, this.#mode);
    } catch (error) {
      throw this.#judge(error);
    }
  };

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#left = [];
    this.#more = false;
    await this.#cursor.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
