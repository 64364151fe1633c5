import { Pool as BodyPool } from 'undici';
import { processMemory } from '../../src/budget/memory.ts';
import { Work } from '../../src/budget/work.ts';
import type { Caller, Context, Query } from '../../src/store/fetch.ts';
import { discard, type Payload } from '../../src/store/payload.ts';
import { intoReadMemory } from '../../src/store/read-memory.ts';
import { untilAborted } from '../../src/store/signals.ts';
import type { Connection } from '../adapter.ts';
import { connections, undiciConnections } from '../http/connections.ts';
import { Pool } from '../http/h1/pool.ts';
import { askUndici } from '../http/undici-answer.ts';
import { bodyBytes } from './body.ts';
import { restContents } from './contents.ts';
import { Dropping } from './dropping.ts';
import { exchange, type Request } from './exchange.ts';
import { RestMerger } from './merge.ts';
import type { RestOptions } from './options.ts';
import { AnyAnswer, GatheredAnswer, HeadAnswer, readFlowing, type Asked } from './read-answer.ts';
import { METHODS, renewal, RequestHeaders, type RestQuery } from './request.ts';

/** An open REST source: by a client of codap's own, and by undici's where a body flows. */
export class RestConnection implements Connection {
  readonly #options: RestOptions;
  readonly #base: URL;
  readonly #host: string;
  readonly #headers: RequestHeaders;
  readonly #calls: Pool;
  /** For GETs alone: they may share a connection, because they can be asked again. */
  readonly #gets: Pool;
  /** For bodies that flow: what moves much memory is set apart from what is small and many. */
  readonly #bodies: BodyPool;
  readonly #dropping: Dropping;
  readonly merger: RestMerger | undefined;
  readonly contents: Connection['contents'];

  constructor(options: RestOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#host = this.#base.host;
    this.#headers = new RequestHeaders(options);
    const { openapi, describe } = options;
    const told = openapi && (describe ? restContents(openapi, options) : undefined);
    this.contents = told && (() => Promise.resolve(told));
    this.merger = options.merge.length > 0 ? new RestMerger(options) : undefined;
    const own = connections(options);
    this.#calls = new Pool(this.#base, own);
    this.#gets = options.pipelining > 1 ? new Pool(this.#base, own, options.pipelining) : this.#calls;
    this.#bodies = new BodyPool(this.#base.origin, undiciConnections(options, { onread: intoReadMemory }));
    this.#dropping = new Dropping(options.concurrency);
  }

  readonly fetch = (query: Query, context: Context): Promise<Payload> => {
    const { path, body } = query.params as RestQuery;
    const { headers, asked } = this.#headers.of(query, context.caller);
    const request: Request = { method: METHODS[query.op]!, path, host: this.#host, headers };
    const send = query.want === 'body' ? this.#flow : this.#gather;
    if (query.op !== 'post') return send(request, asked, context);
    if (!body || 'text' in body) return send({ ...request, body: Buffer.from(body?.text ?? '') }, asked, context);
    const written = Promise.resolve(context.work.do(bodyBytes(body), context.signal));
    return written.then((bytes) => send({ ...request, body: bytes }, asked, context));
  };

  readonly #gather = (request: Request, asked: Asked, context: Context): Promise<Payload> => {
    const reader =
      request.method === 'HEAD' ? new HeadAnswer(asked) : new GatheredAnswer(asked, this.#options.maxBytes, context);
    return exchange(request.method === 'GET' ? this.#gets : this.#calls, request, context, reader);
  };

  readonly #flow = (request: Request, asked: Asked, { signal }: Context): Promise<Payload> => {
    const answer = async (): Promise<Payload> => {
      const { method, path, headers, body } = request;
      const sent = { method, path, headers: [...headers], body: body ?? null, blocking: false, signal };
      return readFlowing(await askUndici(this.#bodies, sent), asked, signal, this.#dropping);
    };
    return untilAborted(signal, answer, discard);
  };

  keeps(query: Query, caller: Caller): boolean {
    return !this.#headers.areConditional(query, caller);
  }

  readonly revalidate = renewal;

  /**
   * Any answer at all shows that the store is there; one that refuses, or of a failure, is told. Where
   * headers of callers are forwarded, a refusal says nothing: nobody's credentials are sent with this.
   */
  async ping(signal: AbortSignal): Promise<number | undefined> {
    const headers = { 'user-agent': this.#options.userAgent, ...this.#options.headers };
    const sent = Object.entries(headers).flat();
    const request = { method: 'HEAD', path: this.#base.pathname, host: this.#host, headers: sent } as const;
    const context = { signal, memory: processMemory(0), work: new Work(0) };
    const status = await exchange(this.#calls, request, context, new AnyAnswer());
    const refuses = this.#options.forwardHeaders.length === 0 && (status === 401 || status === 403);
    return refuses || status >= 500 ? status : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#calls, this.#gets].map((pool) => pool[Symbol.asyncDispose]());
    await Promise.all([...all, this.#bodies.destroy()]);
  }
}
