import type { AbstractCursor, Db } from 'mongodb';
import { toBuffer } from './bson-reader.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { Database } from './database.ts';
import type { Lingering } from './linger.ts';
import { killCursor } from './operations.ts';
import type { MongoQuery } from './query.ts';
import { untilAborted } from '../../src/store/signals.ts';

/** What a cursor is read for: its abort ends it, in the store too, at any moment. */
export interface CursorRun extends Pick<Context, 'signal' | 'lingers'> {
  readonly lingering: Lingering;
}

/** How one cursor is read. */
export interface CursorOptions {
  readonly maxTimeMS?: number;
  /** Documents in a batch, where the query does not say; else as many as the store likes. */
  readonly batchSize?: number;
}

/** A cursor of a find or an aggregation, read batch by batch; its documents stay bytes. */
export class Cursor {
  readonly #cursor: AbstractCursor<unknown>;
  readonly #run: CursorRun;
  /** Ends the connection of a first command under way; the driver gives it to no other. */
  readonly #cut = new AbortController();
  readonly #db: Db;
  #step: Promise<unknown> | undefined;
  #closed = false;

  constructor(database: Database, query: MongoQuery, run: CursorRun, own: CursorOptions) {
    const { collection, command, limit, batchSize = own.batchSize } = query;
    const { find, aggregate: _aggregate, cursor: _cursor, filter, pipeline, ...rest } = command;
    const options = {
      ...rest,
      ...own,
      raw: true,
      signal: this.#cut.signal,
      ...(batchSize !== undefined && { batchSize }),
    };
    const source = database.db.collection(collection);
    this.#run = run;
    this.#db = database.db;
    const { hint } = rest;
    // The driver copies the fields of a find's hint one by one, which a Map does not have; what is to be
    // written in the hint's stead may be one.
    const inOrder = hint instanceof Map ? { hint: { toBSON: () => hint } } : {};
    this.#cursor =
      find === undefined
        ? source.aggregate(pipeline as object[], options)
        : source.find(filter as object, { ...options, ...inOrder, ...(limit !== undefined && { limit }) });
    run.signal.addEventListener('abort', this.leave, { once: true });
  }

  /** The next batch, or undefined after the last. An abort does not wait for the store. */
  async next(): Promise<Buffer[] | undefined> {
    const more = await untilAborted(this.#run.signal, () => {
      const step = this.#cursor.hasNext();
      this.#step = step;
      const rest = (): void => void (this.#step = undefined);
      step.then(rest, rest);
      return step;
    });
    return more ? this.#cursor.readBufferedDocuments().map(toBuffer) : undefined;
  }

  /** Closes it, however long that takes, and whatever it comes to. */
  readonly leave = (): void => {
    const closed = this.close().catch(() => undefined);
    this.#run.lingers?.(closed);
  };

  /** Ends it in the store, too. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#run.signal.removeEventListener('abort', this.leave);
    const { id, namespace } = this.#cursor;
    if (this.#step && id) {
      // A getMore may end only once its cursor was killed. Where it ends before, the driver does not kill it.
      const { selectedServer } = this.#cursor as unknown as { readonly selectedServer?: object };
      await killCursor(this.#db, namespace.collection as string, id, selectedServer).catch(() => undefined);
    } else if (this.#step && !(await this.#run.lingering.awaits(this.#step))) {
      this.#cut.abort();
    }
    await this.#cursor.close().catch(() => undefined);
  }
}
