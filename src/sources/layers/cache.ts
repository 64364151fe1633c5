import type { Connection } from '../../../adapters/adapter.ts';
import { Work } from '../../budget/work.ts';
import { CallSignal } from '../../call-signal.ts';
import { CodapError, notNeeded, toCodapError } from '../../errors.ts';
import type { Asked, Caller, Context, Fetch, Query } from '../../store/fetch.ts';
import { bytesOf, type Payload, type Value } from '../../store/payload.ts';
import { KeptAnswers, type KeepingOptions, type KeptAnswer } from '../kept-answers.ts';
import { keyOf } from '../key.ts';
import type { Layer } from '../layer.ts';
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
export function cache(options: CacheOptions, connection: Keeping = {}): Layer {
  const { name, timeoutMs, concurrency } = options;
  const answers = new KeptAnswers(options.cache);
  const refreshes = new Map<string, CallSignal>();
  const mostRefreshes = Math.ceil(concurrency / 4);
  const counted = { hit: 0, stale: 0, miss: 0 };
  let isClosed = false;

  const isKept = (query: Query, caller: Caller): boolean =>
    query.want === 'value' && connection.keeps?.(query, caller) !== false;

  const noted = (what: keyof typeof counted, { trace }: Context): void => {
    counted[what] += 1;
    if (trace) trace.cache = what;
  };

  const ask = async (next: Fetch, key: string, query: Query, context: Context): Promise<Payload> => {
    const asked: Asked = { at: performance.now() };
    const own: Context = { ...context, asked };
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
  };

  const refresh = (next: Fetch, key: string, query: Query, { caller, memory }: Context): void => {
    if (isClosed || refreshes.has(key) || refreshes.size >= mostRefreshes) return;
    const signal = new CallSignal();
    const own: Context = {
      signal,
      deadline: performance.now() + timeoutMs,
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
    ask(next, key, query, own).then(end, end);
  };

  return {
    name: 'cache',
    bounds: (query, caller) => (isKept(query, caller) ? { ...options.cache } : undefined),
    state: () => ({ ...counted, bytes: answers.bytes, entries: answers.size }),
    wrap(next) {
      const inTime = timeout(name).wrap(next);
      return (query, context) => {
        const key = isKept(query, context.caller) ? keyOf(query, context.caller) : undefined;
        if (key === undefined) return next(query, context);
        const now = performance.now();
        const found = answers.find(key);
        if (!found || now >= found.staleUntil || isTooOld(now - found.asked, context.maxAgeMs)) {
          noted('miss', context);
          return ask(next, key, query, context);
        }
        const isFresh = now < found.freshUntil;
        noted(isFresh ? 'hit' : 'stale', context);
        if (!isFresh) refresh(inTime, key, query, context);
        return served(found, now, context);
      };
    },
    dispose() {
      isClosed = true;
      for (const signal of refreshes.values()) signal.abort(notNeeded());
      answers.clear();
      return Promise.resolve();
    },
  };
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
function served({ answer, asked }: KeptAnswer, now: number, context: Context): Promise<Value> {
  if (answer instanceof CodapError) return Promise.reject(answer);
  try {
    return Promise.resolve(held(answer.kept.value({ ...answer.meta, ageMs: Math.floor(now - asked) }), context));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A value whose bytes count as if the store had sent them. */
function held(value: Value, { memory }: Context): Value {
  memory.hold(bytesOf(value));
  return value;
}
