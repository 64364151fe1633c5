import { Pool, type Dispatcher } from 'undici';
import type { Context, Query } from '../src/store/fetch.ts';
import { processMemory } from '../src/budget/memory.ts';
import { Work } from '../src/budget/work.ts';
import { discard, type Payload } from '../src/store/payload.ts';
import { copiedOnRead, intoReadMemory } from '../src/store/read-memory.ts';
import { untilAborted } from '../src/store/signals.ts';
import type { Adapter, Connection } from './adapter.ts';
import { connections } from './http/connections.ts';
import { GatheredAnswer, HeadAnswer, ANY_ANSWER, readFlowing, type Asked } from './rest/read-answer.ts';
import { Clients } from './rest/clients.ts';
import { compileRest } from './rest/compile.ts';
import { describeRest } from './rest/describe.ts';
import { exchange } from './rest/exchange.ts';
import { options, type RestOptions } from './rest/options.ts';
import { postParams, readParams } from './rest/params.ts';
import { METHODS, RequestHeaders, valueOf, type RestQuery } from './rest/request.ts';
import { headFailure } from './http/transport-failure.ts';

export type { RestOptions } from './rest/options.ts';

/** HTTP APIs: reads what lies below one base URL. Redirects are not followed. */
export const rest: Adapter<RestOptions> = {
  options: options as unknown as Adapter<RestOptions>['options'],
  ops: {
    get: { params: readParams, streams: 'body' },
    head: { params: readParams, single: true },
    post: { params: postParams, streams: 'body' },
  },
  defaults: { concurrency: 512 },
  secrets: ({ headers }) => Object.values(headers),
  warnings: ({ pipelining }) => (pipelining > 1 ? [pipelined(pipelining)] : []),
  example: () => ({ op: 'get', params: { path: '/' } }),
  forwards: ({ forwardHeaders }) => forwardHeaders,
  allows: (op, { methods }) => methods.some((method) => method === op),
  compile: compileRest,
  describe: describeRest,
  open: (options) => Promise.resolve(new RestConnection(options)),
};

class RestConnection implements Connection {
  readonly #options: RestOptions;
  readonly #base: URL;
  readonly #headers: RequestHeaders;
  readonly #clients: Clients;
  /** For GETs alone: they may share a connection, because they can be asked again. */
  readonly #gets: Clients;
  /** For bodies that flow: what moves much memory is set apart from what is small and many. */
  readonly #bodies: Pool;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#headers = new RequestHeaders(options);
    const own = connections(options, { onread: copiedOnRead });
    this.#clients = new Clients(this.#base.origin, own);
    this.#gets = options.pipelining > 1 ? new Clients(this.#base.origin, own, options.pipelining) : this.#clients;
    this.#bodies = new Pool(this.#base.origin, connections(options, { onread: intoReadMemory }));
  }

  readonly fetch = (query: Query, context: Context): Promise<Payload> => {
    const { path, body } = query.params as RestQuery;
    const headers = this.#headers.of(query, context.caller);
    const request: Dispatcher.RequestOptions = {
      method: METHODS[query.op]!,
      path,
      headers,
      blocking: false,
      body: query.op === 'post' ? (body?.text ?? '') : null,
    };
    const asked = { responseHeaders: this.#options.responseHeaders, range: valueOf(headers, 'range') };
    return query.want === 'body' ? this.#flow(request, asked, context) : this.#gather(request, asked, context);
  };

  #gather(request: Dispatcher.RequestOptions, asked: Asked, context: Context): Promise<Payload> {
    const reader =
      request.method === 'HEAD' ? new HeadAnswer(asked) : new GatheredAnswer(asked, this.#options.maxBytes, context);
    return exchange(request.method === 'GET' ? this.#gets : this.#clients, request, context, reader);
  }

  #flow(request: Dispatcher.RequestOptions, asked: Asked, { signal }: Context): Promise<Payload> {
    const answer = async (): Promise<Payload> => {
      const response = await this.#bodies.request({ ...request, signal }).catch((error: unknown) => {
        throw headFailure(error);
      });
      return readFlowing(response, asked, signal);
    };
    return untilAborted(signal, answer, discard);
  }

  /** Any answer at all shows that the store is there. */
  async ping(signal: AbortSignal): Promise<void> {
    const headers = { 'user-agent': this.#options.userAgent, ...this.#options.headers };
    const request = { method: 'HEAD', path: this.#base.pathname, headers } as const;
    await exchange(this.#clients, request, { signal, memory: processMemory(0), work: new Work(0) }, ANY_ANSWER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#clients, this.#gets].map((clients) => clients[Symbol.asyncDispose]());
    await Promise.all([...all, this.#bodies.destroy()]);
  }
}

function pipelined(most: number): string {
  return (
    `pipelining: ${most} has one connection carry up to ${most} GETs, which the store answers in their order: ` +
    'a slow answer holds up those behind it, and where one is given up the others are asked again. ' +
    'It is for stores that answer at once'
  );
}
