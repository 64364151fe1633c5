import { Pool, type Dispatcher } from 'undici';
import type { Context, Query } from '../src/store/fetch.ts';
import { processMemory } from '../src/budget/memory.ts';
import { endingBy, Work } from '../src/budget/work.ts';
import { instantOf } from '../src/store/deadline.ts';
import { discard, type Payload } from '../src/store/payload.ts';
import { copiedOnRead, intoReadMemory } from '../src/store/read-memory.ts';
import { untilAborted } from '../src/store/signals.ts';
import type { Adapter, Connection } from './adapter.ts';
import { connections } from './http/connections.ts';
import { bodyBytes } from './rest/body.ts';
import { GatheredAnswer, HeadAnswer, ANY_ANSWER, readFlowing, type Asked } from './rest/read-answer.ts';
import { Clients } from './rest/clients.ts';
import { compileRest } from './rest/compile.ts';
import { exchange } from './rest/exchange.ts';
import { options, type RestOptions } from './rest/options.ts';
import { postParams, readParams } from './rest/params.ts';
import { requestSpan } from './rest/request-span.ts';
import { RequestHeaders, valueOf, type RestQuery } from './rest/request.ts';
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
  spanOf: requestSpan,
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

  readonly fetch = ({ op, params, want }: Query, context: Context): Promise<Payload> => {
    const query = params as RestQuery;
    const headers = this.#headers.of(query, context.caller, want !== 'body' && op !== 'head');
    const request: Dispatcher.RequestOptions = {
      method: op === 'get' ? 'GET' : op === 'head' ? 'HEAD' : 'POST',
      path: query.path,
      headers,
      blocking: false,
      body: null,
    };
    const asked = { responseHeaders: this.#options.responseHeaders, range: valueOf(headers, 'range') };
    const send = want === 'body' ? this.#flow : this.#gather;
    if (op !== 'post') return send(request, asked, context);
    const { body } = query;
    if (!body || 'text' in body) return send({ ...request, body: body?.text ?? '' }, asked, context);
    const written = Promise.resolve(context.work.do(endingBy(bodyBytes(body), instantOf(context.deadline))));
    return written.then((bytes) => send({ ...request, body: bytes }, asked, context));
  };

  readonly #gather = (request: Dispatcher.RequestOptions, asked: Asked, context: Context): Promise<Payload> => {
    const reader =
      request.method === 'HEAD' ? new HeadAnswer(asked) : new GatheredAnswer(asked, this.#options.maxBytes, context);
    return exchange(request.method === 'GET' ? this.#gets : this.#clients, request, context, reader);
  };

  readonly #flow = (request: Dispatcher.RequestOptions, asked: Asked, { signal }: Context): Promise<Payload> => {
    const answer = async (): Promise<Payload> => {
      const response = await this.#bodies.request({ ...request, signal }).catch((error: unknown) => {
        throw headFailure(error);
      });
      return readFlowing(response, asked, signal);
    };
    return untilAborted(signal, answer, discard);
  };

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
