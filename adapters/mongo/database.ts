import type { Db, MongoClient, ReadPreference, RunCommandOptions } from 'mongodb';
import { latestOf } from '../../src/store/deadline.ts';
import type { Context } from '../../src/store/fetch.ts';
import { Cut } from './cut.ts';
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

  /** Answers the reply to a command, what is nested in it as BSON. An abort does not wait for the store. */
  async command(asked: object, context: Context): Promise<Record<string, unknown>> {
    const signal = new Cut(context.signal);
    const options: RunCommandOptions = { raw: true, ...this.#preference, signal };
    const session = this.#sessions.take();
    if (session) options.session = session;
    try {
      const reply = await this.db.command(this.#bounded(asked, context), options);
      if (session) this.#sessions.release(session);
      return reply;
    } catch (error) {
      if (session) this.#sessions.end(session);
      throw error;
    } finally {
      signal.end();
    }
  }

  /** Runs a command, and answers its reply as it came. */
  raw(asked: object, context: Context): Promise<Buffer> {
    return rawReply(this.db, this.#bounded(asked, context), { ...this.#preference, signal: context.signal });
  }

  /** Ends a cursor that the store keeps open. */
  kill(collection: string, cursor: unknown): Promise<unknown> {
    return this.db.command({ killCursors: collection, cursors: [cursor] }, { ...this.#preference });
  }

  #bounded(asked: object, context: Context): object {
    return { ...asked, maxTimeMS: timeLeft(context), ...this.#concern };
  }
}

/** Milliseconds until a call's deadline, as the store takes them. */
export function timeLeft({ deadline }: Context): number {
  return Math.min(Math.max(Math.ceil(latestOf(deadline) - performance.now()), 1), 2 ** 31 - 1);
}
