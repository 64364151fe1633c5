import type { Context, Query } from '../src/store/fetch.ts';
import type { Payload } from '../src/store/payload.ts';
import type { Adapter, Connection } from './adapter.ts';
import type { Caps } from './mongo/caps.ts';
import { Client } from './mongo/client.ts';
import { mongoError } from './mongo/failure.ts';
import { Lingering } from './mongo/linger.ts';
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
  open: (options) => Promise.resolve(new MongoConnection(options)),
};

class MongoConnection implements Connection {
  readonly #client: Client;
  readonly #name: string | undefined;
  readonly #caps: Caps;
  readonly #lingering: Lingering;

  constructor(options: MongoOptions) {
    this.#client = new Client(options);
    this.#name = options.name;
    this.#lingering = new Lingering(Math.ceil((options.concurrency ?? 100) / 4));
    this.#caps = { documents: options.maxDocuments, bytes: options.maxBytes ?? 8 * 1024 * 1024 };
  }

  readonly fetch = ({ op, params, want }: Query, context: Context): Promise<Payload> =>
    this.#attempt(context.signal, async () => {
      const db = await this.#client.db();
      const query = params as MongoQuery;
      const run = { ...context, lingering: this.#lingering };
      if (want !== 'items') return gather(db, op, query, this.#caps, run);
      return stream(db, query, run, (error) => this.#judge(error, context.signal));
    });

  async ping(signal: AbortSignal): Promise<void> {
    await this.#attempt(signal, async () => (await this.#client.db()).command({ ping: 1 }, { signal }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  /** Runs one attempt. An abort ends it at once, also while the client is still connecting for others. */
  async #attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await untilAborted(signal, work);
    } catch (error) {
      throw this.#judge(error, signal);
    }
  }

  #judge(error: unknown, signal: AbortSignal) {
    this.#client.failed(error);
    return mongoError(error, this.#name, signal);
  }
}
