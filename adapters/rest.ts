import { Pool, type Dispatcher } from 'undici';
import type { Context, Query } from '../src/fetch.ts';
import { discard, type Payload } from '../src/payload.ts';
import { intoReadMemory } from '../src/read-memory.ts';
import type { Adapter, Connection } from './adapter.ts';
import { connections } from './connections.ts';
import { plain } from './content.ts';
import { raced } from './raced.ts';
import { drop, readAnswer } from './rest/answer.ts';
import { compileRest } from './rest/compile.ts';
import { statusFailure } from './rest/failure.ts';
import { readFields } from './rest/fields.ts';
import { options, type RestOptions } from './rest/options.ts';
import { postParams, readParams } from './rest/params.ts';
import { requestHeaders, type RestQuery } from './rest/request.ts';
import { headFailure } from './transport-failure.ts';

export type { RestOptions } from './rest/options.ts';

/** HTTP APIs: reads what lies below one base URL. Redirects are not followed. */
export const rest: Adapter<RestOptions> = {
  options: options as unknown as Adapter<RestOptions>['options'],
  ops: {
    get: { params: readParams, streams: 'body' },
    head: { params: readParams, single: true },
    post: { params: postParams, streams: 'body' },
  },
  allows: (op, { methods }) => methods.some((method) => method === op),
  compile: compileRest,
  open: (options) => Promise.resolve(new RestConnection(options)),
};

class RestConnection implements Connection {
  readonly #options: RestOptions;
  readonly #base: URL;
  readonly #pool: Pool;
  /** For bodies that flow: what moves much memory is set apart from what is small and many. */
  readonly #bodies: Pool;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#pool = new Pool(this.#base.origin, connections(options));
    this.#bodies = new Pool(this.#base.origin, connections(options, { onread: intoReadMemory }));
  }

  readonly fetch = ({ op, params, want }: Query, context: Context): Promise<Payload> =>
    raced(context.signal, () => this.#fetch(op, params as RestQuery, want, context), discard);

  async #fetch(op: string, query: RestQuery, want: Payload['kind'], context: Context): Promise<Payload> {
    const { signal, caller } = context;
    const { maxBytes, responseHeaders } = this.#options;
    const sent = requestHeaders(query, this.#options, caller, want !== 'body' && op !== 'head');
    const answer = await this.#request(want === 'body' ? this.#bodies : this.#pool, {
      method: op === 'get' ? 'GET' : op === 'head' ? 'HEAD' : 'POST',
      path: query.path,
      headers: sent,
      body: op === 'post' ? (query.body?.text ?? '') : null,
      signal,
    });
    if (op !== 'head') return readAnswer(answer, { want, maxBytes, responseHeaders, range: sent['range'], context });
    drop(answer.body);
    const { meta, retryAfterMs } = readFields(answer.statusCode, answer.headers, responseHeaders);
    const failure = statusFailure(answer.statusCode, retryAfterMs);
    if (failure) throw failure;
    return plain(null, meta);
  }

  /** Any answer at all shows that the store is there. */
  ping(signal: AbortSignal): Promise<void> {
    const headers = { 'user-agent': this.#options.userAgent, ...this.#options.headers };
    return raced(signal, async () => {
      const answer = await this.#request(this.#pool, { method: 'HEAD', path: this.#base.pathname, headers, signal });
      drop(answer.body);
    });
  }

  async #request(pool: Pool, request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await pool.request(request);
    } catch (error) {
      throw headFailure(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#bodies.destroy()]);
  }
}
