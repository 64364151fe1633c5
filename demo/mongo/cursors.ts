import { Long } from 'bson';
import { CODE, MongoFailure } from './failure.ts';

/** A reply stays below mongod's 16 MiB, with room for what surrounds the documents. */
const BATCH_BYTES = 16 * 1024 * 1024 - 16 * 1024;

/** An open answer, read batch by batch. */
export class Cursor {
  readonly namespace: string;
  readonly #items: Iterator<Uint8Array>;
  /** What did not fit into the batch before. */
  #left: Uint8Array | undefined;
  #exhausted = false;

  constructor(namespace: string, items: Iterator<Uint8Array>) {
    this.namespace = namespace;
    this.#items = items;
  }

  /** Whether a batch has come to the end; as with mongod, one that was filled before has not. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  batch(size: number): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let bytes = 0;
    while (batch.length < size) {
      const item = this.#left ?? this.#take();
      if (!item) break;
      bytes += item.length;
      this.#left = bytes > BATCH_BYTES && batch.length > 0 ? item : undefined;
      if (this.#left) break;
      batch.push(item);
    }
    return batch;
  }

  #take(): Uint8Array | undefined {
    const { done, value } = this.#items.next() as IteratorResult<Uint8Array, undefined>;
    this.#exhausted = done === true;
    return value;
  }
}

/** The open cursors of a server, each of them belonging to the connection that opened it. */
export class Cursors {
  readonly #open = new Map<string, { cursor: Cursor; owner: object }>();
  #lastId = Long.ZERO;

  get size(): number {
    return this.#open.size;
  }

  /** Keeps a cursor for later batches; 0 if nothing is left in it. */
  keep(cursor: Cursor, owner: object): Long {
    if (cursor.exhausted) return Long.ZERO;
    this.#lastId = this.#lastId.add(1);
    this.#open.set(this.#lastId.toString(), { cursor, owner });
    return this.#lastId;
  }

  /** `id` may be a number, a bigint or a Long: drivers differ. */
  get(id: unknown): Cursor {
    const open = this.#open.get(String(id));
    if (!open) throw new MongoFailure(CODE.CursorNotFound, `cursor id ${String(id)} not found`);
    return open.cursor;
  }

  /** False if there is no such cursor. */
  close(id: unknown): boolean {
    return this.#open.delete(String(id));
  }

  closeAll(owner: object): void {
    for (const [id, open] of this.#open) if (open.owner === owner) this.#open.delete(id);
  }
}
