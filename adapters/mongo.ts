import type { Context, Query } from '../src/store/fetch.ts';
import type { Payload } from '../src/store/payload.ts';
import type { Adapter, Ask, Connection } from './adapter.ts';
import { capsOf, type Caps } from './mongo/caps.ts';
import { Client } from './mongo/client.ts';
import { mongoContents } from './mongo/contents.ts';
import { describeMongo } from './mongo/describe.ts';
import { commandSpan } from './mongo/command-span.ts';
import type { Database } from './mongo/database.ts';
import { mongoError } from './mongo/failure.ts';
import { Lingering } from './mongo/linger.ts';
import { MongoMerger } from './mongo/merge.ts';
import { options, type MongoOptions } from './mongo/options.ts';
import { passwords } from './mongo/passwords.ts';
import { compileQuery, ops, type MongoQuery } from './mongo/query.ts';
import { gather, stream } from './mongo/run-query.ts';
import { untilAborted } from '../src/store/signals.ts';

export type { MongoOptions } from './mongo/options.ts';

/** MongoDB: reads from the collections that the operator names, by the operators and stages that read. */
export const mongo: Adapter<MongoOptions> = {
  options,
  ops,
  defaults: { concurrency: 100 },
  secrets: ({ url }) => passwords(url),
  example: ({ collections: [collection] }) => ({ op: 'find', params: { collection, limit: 2 } }),
  ownMeta: ['projection', 'sort', 'pipeline'],
  compile: compileQuery,
  describe: describeMongo,
  spanOf: commandSpan,
  open: (options) => Promise.resolve(new MongoConnection(options)),
};

class MongoConnection implements Connection {
  readonly #client: Client;
  readonly #name: string | undefined;
  readonly #caps: Caps;
  readonly #lingering: Lingering;
  readonly merger: MongoMerger | undefined;
  readonly contents: (ask: Ask) => Promise<object>;

  constructor(options: MongoOptions) {
    this.#client = new Client(options);
    this.#name = options.name;
    this.#lingering = new Lingering(Math.ceil((options.concurrency ?? 100) / 4));
    this.#caps = capsOf(options);
    this.contents = (ask) => mongoContents(options.collections, ask);
    this.merger = options.merge ? new MongoMerger(options, this.#caps) : undefined;
  }

  readonly fetch = async ({ op, params, want }: Query, context: Context): Promise<Payload> => {
    const { signal } = context;
    try {
      const database = this.#client.connected ?? (await this.#connected(signal));
      const runner = { database, caps: this.#caps, lingering: this.#lingering };
      if (want !== 'items') return await gather(runner, op, params as MongoQuery, context);
      return await stream(runner, params as MongoQuery, context, (error) => this.#judge(error, signal));
    } catch (error) {
      throw this.#judge(error, signal);
    }
  };

  async ping(signal: AbortSignal): Promise<void> {
    try {
      const { db } = await this.#connected(signal);
      await db.command({ ping: 1 }, { signal });
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
