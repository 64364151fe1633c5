import type { Connection } from '../../../adapters/adapter.ts';
import { Work } from '../../budget/work.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { CodapError, notNeeded, toCodapError } from '../../errors.ts';
import type { Caller, Query } from '../../store/fetch.ts';
import type { AskedAt, LayerContext, LayerFetch } from '../layer-context.ts';
import { bytesOf, type Payload, type Value } from '../../store/payload.ts';
import { KeptAnswers, type KeepingOptions, type KeptAnswer } from '../kept-answers.ts';
import { hasKey, keyOf } from '../key.ts';
import type { CountingLayer, States } from '../layer.ts';
import { timeout } from './timeout.ts';

/** What a source's cache is told. */
export interface CacheOptions {
  readonly name: string;
  /** Milliseconds that a refresh may take. */
  readonly timeoutMs: number;
  /** Calls of the source that may run: refreshes take at most a quarter of them. */
  readonly concurrency: number;
  readonly cache: KeepingOptions;
}

/** What a cache asks of the Connection whose answers it keeps. */
export type Keeping = Pick<Connection, 'keeps' | 'revalidate'>;

/**
 * Keeps gathered values, and what was not found, by op, params and forwarded headers, and serves them for as
 * long as its options, the store and the query's `maxAgeMs` allow. What is no longer fresh is served at once
 * while one refresh runs behind it, in nobody's name. What is too old is asked for by its entity tag.
 */
export function cache(options: CacheOptions, connection: Keeping = {}): CountingLayer<'cache'> {
  const kept = new SourceCache(options, connection);
  return {
    name: 'cache',
    bounds: (query, caller) => (kept.keeps(query, caller) && hasKey(query, caller) ? { ...options.cache } : undefined),
    state: () => kept.state,
    wrap(next) {
      const refreshing = timeout(options.name).wrap(next);
      return (query, context) => {
        const key = kept.keeps(query, context.caller) ? keyOf(query, context.caller) : undefined;
        return key === undefined ? next(query, context) : kept.answer(next, refreshing, key, query, context);
      };
    },
    dispose() {
      kept.close();
      return Promise.resolve();
    },
  };
}

/** What is kept of a source, and the refreshes under way. */
class SourceCache {
  readonly #answers: KeptAnswers;
  readonly #connection: Keeping;
  readonly #timeoutMs: number;
  readonly #mostRefreshes: number;
  readonly #refreshes = new Map<string, CallSignal>();
  readonly #counted = { hit: 0, stale: 0, miss: 0 };
  #isClosed = false;

  constructor({ cache, timeoutMs, concurrency }: CacheOptions, connection: Keeping) {
    this.#answers = new KeptAnswers(cache);
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#mostRefreshes = Math.ceil(concurrency / 4);
  }

  get state(): States['cache'] {
    return { ...this.#counted, bytes: this.#answers.bytes, entries: this.#answers.size };
  }

  /** Whether the answer of a query may be kept. */
  keeps(query: Query, caller: Caller): boolean {
    return query.want === 'value' && this.#connection.keeps?.(query, caller) !== false;
  }

  /** What is kept under a key, if it will do; else what the store answers. */
  answer(next: LayerFetch, refreshing: LayerFetch, key: string, query: Query, context: LayerContext): Promise<Payload> {
    const now = performance.now();
    const found = this.#answers.find(key);
    if (!found || now >= found.staleUntil || isTooOld(now - found.asked, context.maxAgeMs)) {
      this.#note('miss', context);
      return this.#askStore(next, key, query, context);
    }
    const isFresh = now < found.freshUntil;
    this.#note(isFresh ? 'hit' : 'stale', context);
    if (!isFresh) this.#refresh(refreshing, key, query, context);
    return served(found, now, context);
  }

  /** Ends the refreshes, and keeps nothing any more. */
  close(): void {
    this.#isClosed = true;
    for (const signal of this.#refreshes.values()) signal.abort(notNeeded());
    this.#answers.clear();
  }

  #note(what: 'hit' | 'stale' | 'miss', { trace }: LayerContext): void {
    this.#counted[what] += 1;
    if (trace) trace.cache = what;
  }

  async #askStore(next: LayerFetch, key: string, query: Query, context: LayerContext): Promise<Payload> {
    const answers = this.#answers;
    const connection = this.#connection;
    const asked: AskedAt = { at: performance.now() };
    const own: LayerContext = { ...context, asked };
    const found = answers.find(key)?.answer;
    const known = found instanceof CodapError ? undefined : found;
    const etag = known?.meta?.etag;
    const renewal = etag === undefined ? undefined : connection.revalidate?.(query, etag);
    try {
      let payload = await next(renewal ?? query, own);
      if (payload.kind === 'value' && payload.isUnchanged) {
        // A tag that is not the one asked about says nothing of what is kept (RFC 9111 §4.3.4).
        if (known && isSame(payload.meta?.etag, etag)) {
          return held(answers.renew(key, asked.at, known, payload), context);
        }
        payload = await next(query, own);
      }
      if (payload.kind === 'value') {
        const tag = payload.meta?.etag;
        answers.put(key, asked.at, payload, tag !== undefined && connection.revalidate?.(query, tag) !== undefined);
      }
      return payload;
    } catch (error) {
      answers.fail(key, asked.at, toCodapError(error));
      throw error;
    }
  }

  /** Asks behind those who are served what is stale. */
  #refresh(next: LayerFetch, key: string, query: Query, { caller, memory }: LayerContext): void {
    const refreshes = this.#refreshes;
    if (this.#isClosed || refreshes.has(key) || refreshes.size >= this.#mostRefreshes) return;
    const signal = new CallSignal();
    const own: LayerContext = {
      signal,
      deadline: performance.now() + this.#timeoutMs,
      // Who is served meanwhile has no part in it: of them it has what the key has.
      caller: { headers: caller.headers },
      memory: memory.ofAll(),
      work: new Work(Infinity),
    };
    refreshes.set(key, signal);
    const end = (): void => {
      refreshes.delete(key);
      own.memory.close();
    };
    this.#askStore(next, key, query, own).then(end, end);
  }
}

/** Whether an answer of this age is older than a query takes: one that takes none is told by 0. */
function isTooOld(ageMs: number, maxAgeMs: number | undefined): boolean {
  return maxAgeMs !== undefined && (maxAgeMs === 0 || ageMs > maxAgeMs);
}

/** Whether two entity tags are the same, weak or not (RFC 9110 §8.8.3.2); one that is not told is. */
function isSame(told: string | undefined, asked: string | undefined): boolean {
  return told === undefined || told.replace(/^W\//, '') === asked?.replace(/^W\//, '');
}

/** What is kept, as an answer to whoever asks at an instant. */
function served({ answer, asked }: KeptAnswer, now: number, context: LayerContext): Promise<Value> {
  if (answer instanceof CodapError) return Promise.reject(answer);
  try {
    return Promise.resolve(held(answer.kept.value({ ...answer.meta, ageMs: Math.floor(now - asked) }), context));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A value whose bytes count as if the store had sent them. */
function held(value: Value, { memory }: LayerContext): Value {
  memory.hold(bytesOf(value));
  return value;
}
