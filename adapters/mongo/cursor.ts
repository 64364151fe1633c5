import type { AbstractCursor, Db, Long } from 'mongodb';
import { toBuffer } from './bson-reader.ts';
import type { MongoQuery } from './query.ts';
import { untilAborted } from './until-aborted.ts';

/** A cursor of a find or an aggregation, read batch by batch; its documents stay bytes. */
export class Cursor {
  readonly #cursor: AbstractCursor<unknown>;
  readonly #signal: AbortSignal;
  readonly #kill: (id: Long) => Promise<unknown>;
  #id: Long | undefined;

  constructor(db: Db, query: MongoQuery, run: { readonly signal: AbortSignal; readonly maxTimeMS?: number }) {
    const { collection, command, limit, batchSize } = query;
    const { find, aggregate: _aggregate, cursor: _cursor, filter, pipeline, ...own } = command;
    const options = { ...own, ...run, raw: true, ...(batchSize !== undefined && { batchSize }) };
    const source = db.collection(collection);
    this.#signal = run.signal;
    this.#kill = (id) => db.command({ killCursors: collection, cursors: [id] });
    this.#cursor =
      find === undefined
        ? source.aggregate(pipeline as object[], options)
        : source.find(filter as object, { ...options, ...(limit !== undefined && { limit }) });
  }

  /** The next batch, or undefined after the last. An abort does not wait for the store: a getMore ends only once its cursor was killed. */
  async next(): Promise<Buffer[] | undefined> {
    const more = await untilAborted(this.#signal, () => this.#cursor.hasNext());
    this.#id = this.#cursor.id;
    return more ? this.#cursor.readBufferedDocuments().map(toBuffer) : undefined;
  }

  /** Ends it in the store, too. Never rejects. */
  async close(): Promise<void> {
    const id = this.#id;
    this.#id = undefined;
    // The driver closes it on an abort, but ends the session under its own killCursors, which then is never sent, where a getMore comes back meanwhile.
    if (this.#signal.aborted) {
      if (id && !id.isZero()) await this.#kill(id).catch(() => undefined);
    } else await this.#cursor.close().catch(() => undefined);
  }
}
