import { Long } from 'bson';
import { CODE, MongoFailure } from './failure.ts';

/** A reply stays below mongod's 16 MiB, with room for what surrounds the documents. */
const BATCH_BYTES = 16 * 1024 * 1024 - 16 * 1024;

/** An open answer, read batch by batch. */
export class Cursor {
  readonly namespace: string;
  readonly #items: Iterator<Uint8Array>;
  #next: IteratorResult<Uint8Array, unknown>;

  constructor(namespace: string, items: Iterator<Uint8Array>) {
    this.namespace = namespace;
    this.#items = items;
    this.#next = items.next();
  }

  get exhausted(): boolean {
    return this.#next.done === true;
  }

  batch(size: number): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let bytes = 0;
    while (!this.#next.done && batch.length < size) {
      bytes += this.#next.value.length;
      if (bytes > BATCH_BYTES && batch.length > 0) break;
      batch.push(this.#next.value);
      this.#next = this.#items.next();
    }
    return batch;
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
