import { endOfTurn } from '../../src/ground/end-of-turn.ts';
import { abortReason } from '../../src/errors.ts';
import type { Context, Query } from '../../src/store/fetch.ts';
import type { Payload } from '../../src/store/payload.ts';
import { untilAborted } from '../../src/store/signals.ts';
import type { Ask, Connection } from '../adapter.ts';
import { capsOf, type Caps } from './caps.ts';
import { Client } from './client.ts';
import { mongoContents, OUTLINED } from './contents.ts';
import type { Database } from './database.ts';
import { mongoError } from './failure.ts';
import { Lingering } from './linger.ts';
import { MongoMerger } from './merge.ts';
import { MERGED } from './merged.ts';
import type { MongoOptions } from './options.ts';
import type { MongoQuery } from './query.ts';
import { runQuery, stream } from './run-query.ts';

/** An open MongoDB source, by MongoDB's driver. */
export class MongoConnection implements Connection {
  readonly #client: Client;
  readonly #name: string;
  readonly #caps: Caps;
  readonly #lingering: Lingering;
  readonly merger: MongoMerger | undefined;
  readonly contents: (ask: Ask) => Promise<object>;

  constructor(options: MongoOptions) {
    this.#client = new Client(options);
    this.#name = options.name;
    this.#lingering = new Lingering(Math.ceil(options.concurrency / 4));
    this.#caps = capsOf(options);
    this.contents = (ask) => mongoContents(options.collections, ask);
    this.merger = options.merge ? new MongoMerger(options, this.#caps) : undefined;
  }

  readonly fetch = async ({ op, params, want }: Query, context: Context): Promise<Payload> => {
    const { signal } = context;
    try {
      const database = this.#client.connected ?? (await this.#connected(signal));
      // Of many that wait for places, each would begin as one ends, and wake the store by itself. What is
      // merged comes at the end of a turn.
      if (op !== MERGED) await endOfTurn();
      // The driver hears of an abort only once it listens: before, it would wait for a connection.
      if (signal.aborted) throw abortReason(signal);
      const runner = { database, caps: this.#caps, lingering: this.#lingering };
      if (want !== 'items') return await runQuery(runner, op, params as MongoQuery, context);
      return await stream(runner, params as MongoQuery, context, (error) => this.#judge(error, signal));
    } catch (error) {
      throw this.#judge(error, signal);
    }
  };

  /** What is told of a sample is kept by who asks for it, as long as that is of use. */
  keeps({ op }: Query): boolean {
    return op !== OUTLINED;
  }

  async ping(signal: AbortSignal): Promise<void> {
    try {
      const database = await this.#connected(signal);
      await database.ping(signal);
    } catch (error) {
      throw this.#judge(error, signal);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  /** The database, unless the signal aborts first: the client may still be connecting for others. */
  #connected(signal: AbortSignal): Promise<Database> {
    return untilAborted(signal, () => this.#client.connect());
  }

  #judge(error: unknown, signal: AbortSignal) {
    this.#client.failed(error);
    return mongoError(error, this.#name, signal);
  }
}
