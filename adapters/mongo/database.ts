import { Long, type Db, type MongoClient, type ReadPreference, type RunCommandOptions } from 'mongodb';
import { latestOf } from '../../src/store/deadline.ts';
import type { Context } from '../../src/store/fetch.ts';
import { Cut } from './cut.ts';
import { batchOf, type FirstBatch } from './first-batch.ts';
import { commandFor, killCursor, sendCommand } from './operations.ts';
import { rawReply } from './raw-reply.ts';
import { Sessions } from './sessions.ts';

/** A database that is connected, or will be, and how it is sent commands. */
export class Database {
  readonly db: Db;
  readonly #sessions: Sessions;
  /** Of the connection string `db.command` itself passes over the read preference and the read concern. */
  readonly #preference: { readonly readPreference?: ReadPreference };
  readonly #concern: { readonly readConcern?: object };

  /** Before the client connects. */
  constructor(client: MongoClient, name: string) {
    this.db = client.db(name);
    this.#sessions = new Sessions(client);
    const { readPreference, readConcern } = this.db;
    this.#preference = readPreference ? { readPreference } : {};
    this.#concern = readConcern ? { readConcern: readConcern.toJSON() } : {};
  }

  /**
   * Runs a find or an aggregation, and answers its first batch. A cursor that the store has opened for more
   * is ended. An abort does not wait for the store.
   */
  async firstBatch(asked: object, context: Context): Promise<FirstBatch> {
    const signal = new Cut(context.signal);
    const options: RunCommandOptions = { raw: true, ...this.#preference, signal };
    const session = this.#sessions.take();
    if (session) options.session = session;
    const command = commandFor(this.db, this.#bounded(asked, context), options);
    let batch: FirstBatch;
    try {
      batch = batchOf(await sendCommand(this.db, command));
      if (session) this.#sessions.release(session);
    } catch (error) {
      if (session) this.#sessions.end(session);
      throw error;
    } finally {
      signal.end();
    }
    if (batch.open) {
      const id = Long.fromBigInt(batch.open);
      killCursor(this.db, collectionOf(asked), id, command.server).catch(() => undefined);
    }
    return batch;
  }

  /** Runs a command, and answers its reply as it came. */
  raw(asked: object, context: Context): Promise<Buffer> {
    return rawReply(this.db, this.#bounded(asked, context), { ...this.#preference, signal: context.signal });
  }

  /** Asks for a sign of life whom queries ask. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.db.command({ ping: 1 }, { ...this.#preference, signal });
  }

  #bounded(asked: object, context: Context): object {
    return { ...asked, maxTimeMS: timeLeft(context), ...this.#concern };
  }
}

/** The collection that a find or an aggregation reads. */
function collectionOf(command: { readonly find?: string; readonly aggregate?: string }): string {
  return (command.find ?? command.aggregate) as string;
}

/** Milliseconds until a call's deadline, as the store takes them. */
export function timeLeft({ deadline }: Context): number {
  return Math.min(Math.max(Math.ceil(latestOf(deadline) - performance.now()), 1), 2 ** 31 - 1);
}
