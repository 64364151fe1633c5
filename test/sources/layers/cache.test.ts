import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plain, unchanged } from '../../../adapters/http/content.ts';
import { freshnessOf } from '../../../adapters/rest/freshness-of.ts';
import { Memory, processMemory } from '../../../src/budget/memory.ts';
import { CodapError, type Code } from '../../../src/errors.ts';
import { stack } from '../../../src/sources/layer.ts';
import { cache, type CacheOptions, type Keeping } from '../../../src/sources/layers/cache.ts';
import { coalesce } from '../../../src/sources/layers/coalesce.ts';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import { instantOf } from '../../../src/store/deadline.ts';
import type { Query } from '../../../src/store/fetch.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import { NOT_KEPT, type Freshness } from '../../../src/store/freshness.ts';
import type { Meta, Value } from '../../../src/store/payload.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

const OPTIONS = { ttlMs: 1000, staleMs: 0, notFoundMs: 0, maxBytes: 2 ** 20 };
const options = (own: Partial<CacheOptions['cache']> = {}): CacheOptions => ({
  name: 'shop',
  timeoutMs: 2000,
  concurrency: 8,
  cache: { ...OPTIONS, ...own },
});

layerSuite('cache', () => cache(options()), { keeps: ['bytes', 'entries'] });
layerSuite('cache that serves what is stale', () => cache(options({ staleMs: 500, notFoundMs: 500 })), {
  keeps: ['bytes', 'entries'],
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const failed = (code: Code) => new CodapError(code, 'told to fail');
/** A condition as an adapter may write it. */
const conditionally: Keeping = {
  revalidate: (query, etag) => ({ ...query, params: { ...(query.params as object), unless: etag } }),
};

interface Asked {
  readonly key?: string;
  readonly op?: string;
  readonly want?: Query['want'];
}

/** A cache over a store that answers what a test says; by itself at once, how many calls there were. */
function shop(own: Partial<CacheOptions['cache']> = {}, connection?: Keeping, concurrency = 8) {
  const calls: { query: Query; context: LayerContext }[] = [];
  const store = {
    answer: (): Value | Promise<Value> => plain(calls.length),
  };
  const layer = cache({ ...options(own), concurrency }, connection);
  const fetch = layer.wrap(async (query, given) => {
    calls.push({ query, context: given });
    return store.answer();
  });
  const ask = async ({ key = 'a', op = 'get', want = 'value' }: Asked = {}, mine: Partial<LayerContext> = {}) =>
    (await fetch({ op, params: { key }, want }, context(mine))) as Value;
  /** What is answered, and how old that is if it came out of the cache. */
  const seen = async (asked?: Asked, mine?: Partial<LayerContext>) => {
    const { json, meta } = await ask(asked, mine);
    return [JSON.parse(json), meta?.ageMs];
  };
  return { calls, store, layer, ask, seen };
}

describe('an answer', () => {
  it('is served without asking for ttlMs, and tells its age', async () => {
    const { calls, seen } = shop();
    expect(await seen()).toEqual([1, undefined]);
    expect(await seen()).toEqual([1, 0]);
    await pass(999);
    expect(await seen()).toEqual([1, 999]);
    await pass(1);
    expect(await seen()).toEqual([2, undefined]);
    expect(calls).toHaveLength(2);
  });

  it('is as old as the time since it was asked for, however long the store took', async () => {
    const { store, seen } = shop();
    const { promise, resolve } = Promise.withResolvers<Value>();
    store.answer = () => promise;
    const first = seen();
    await pass(400);
    resolve(plain('a'));
    expect(await first).toEqual(['a', undefined]);
    expect(await seen()).toEqual(['a', 400]);
  });

  it('shows what the store said of it, beside its age', async () => {
    const { store, ask } = shop();
    const meta: Meta = { status: 200, etag: '"1"' };
    store.answer = () => plain('a', meta);
    expect((await ask()).meta).toEqual(meta);
    expect((await ask()).meta).toEqual({ ...meta, ageMs: 0 });
    expect(meta).toEqual({ status: 200, etag: '"1"' });
  });

  it.each<[string, Asked, Partial<LayerContext>]>([
    ['other params', { key: 'b' }, {}],
    ['another op', { op: 'head' }, {}],
    ['a header of the caller that is forwarded', {}, { caller: { headers: { authorization: 'b' } } }],
  ])('is not that of a query with %s', async (_name, asked, mine) => {
    const { seen } = shop();
    const caller = { headers: { authorization: 'a' } };
    expect(await seen({}, { caller })).toEqual([1, undefined]);
    expect(await seen(asked, { caller, ...mine })).toEqual([2, undefined]);
    expect(await seen({}, { caller })).toEqual([1, 0]);
  });

  it.each(['items', 'body'] as const)('that flows is neither kept nor looked for: %s', async (want) => {
    const { calls, ask, layer } = shop();
    for (let times = 0; times < 2; times += 1) await ask({ want });
    expect(calls).toHaveLength(2);
    expect(layer.state?.()).toEqual({ hit: 0, stale: 0, miss: 0, bytes: 0, entries: 0 });
  });

  it('is null where that is the value', async () => {
    const { calls, store, seen } = shop();
    store.answer = () => plain(null);
    expect([await seen(), await seen()]).toEqual([
      [null, undefined],
      [null, 0],
    ]);
    expect(calls).toHaveLength(1);
  });

  it('that somebody opens stays closed in the cache', async () => {
    const { store, ask } = shop();
    store.answer = () => plain({ a: [1] });
    await ask();
    const [one, other] = [(await ask()).value, (await ask()).value];
    expect(one).toEqual({ a: [1] });
    expect(one).not.toBe(other);
  });

  it('counts as bytes of whoever is served, as if it came from the store', async () => {
    const { store, ask } = shop();
    store.answer = () => plain('x'.repeat(98));
    await ask();
    const all = processMemory(Infinity);
    const memory = new Memory(150, () => failed('TOO_LARGE'), all);
    await ask({}, { memory });
    expect(all.held).toBe(100);
    await expect(ask({}, { memory })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('that was asked for earlier never takes the place of a later one', async () => {
    const { store, seen } = shop();
    const waiting: ((value: Value) => void)[] = [];
    store.answer = () => new Promise((resolve) => void waiting.push(resolve));
    const asked = [seen()];
    await pass(1);
    asked.push(seen());
    waiting[1]?.(plain('later'));
    await pass(1);
    waiting[0]?.(plain('earlier'));
    expect(await Promise.all(asked)).toEqual([
      ['earlier', undefined],
      ['later', undefined],
    ]);
    expect(await seen()).toEqual(['later', 1]);
  });

  it('that several waited for together is as old as the first of them asked', async () => {
    const { store, seen } = shop();
    const shared = Promise.withResolvers<Value>();
    store.answer = () => shared.promise;
    const first = seen();
    await pass(300);
    const second = seen();
    shared.resolve(plain('a'));
    await Promise.all([first, second]);
    expect(await seen()).toEqual(['a', 300]);
  });

  it('is kept again, and under each key, where the store always answers the same thing', async () => {
    const { calls, store, ask } = shop();
    const same = plain('a');
    store.answer = () => same;
    for (const key of ['a', 'b', 'a', 'b']) await ask({ key });
    expect(calls).toHaveLength(2);
    await pass(1000);
    for (const key of ['a', 'b', 'a', 'b']) await ask({ key });
    expect(calls).toHaveLength(4);
  });

  it('is told apart in traces and counts', async () => {
    const { ask, layer } = shop({ staleMs: 500 });
    const told: CallTrace['cache'][] = [];
    for (const ms of [0, 0, 1000, 5000]) {
      await pass(ms);
      const trace: CallTrace = { attempts: [] };
      await ask({}, { trace });
      told.push(trace.cache);
    }
    expect(told).toEqual(['miss', 'hit', 'stale', 'miss']);
    expect(layer.state?.()).toMatchObject({ hit: 1, stale: 1, miss: 2, entries: 1 });
  });
});

describe('an answer to a call that was joined, and left by who began it,', () => {
  /** What is kept at first, if anything, what the joined call is answered with, and what is told of that. */
  it.each<[string, Value | undefined, Value | CodapError, unknown]>([
    ['a value', undefined, plain('a'), ['a', 400]],
    [
      'a renewal',
      plain('a', { etag: '"1"' }, { mayBeKept: true, freshMs: 0, mayBeStale: false }),
      unchanged({ status: 304, etag: '"1"' }, { mayBeKept: true, freshMs: Infinity, mayBeStale: true }),
      ['a', 400],
    ],
    ['that there is none', undefined, failed('NOT_FOUND'), 'NOT_FOUND'],
  ])('is as old as that call: %s', async (_what, before, answer, told) => {
    const calls: PromiseWithResolvers<Value>[] = [];
    const kept = cache(options({ notFoundMs: 1000 }), conditionally);
    const fetch = stack(() => {
      calls.push(Promise.withResolvers<Value>());
      return calls.at(-1)!.promise;
    }, [kept, coalesce(5000)]);
    const ask = (mine: Partial<LayerContext> = {}) =>
      fetch({ op: 'get', params: {}, want: 'value' }, context({ deadline: performance.now() + 3000, ...mine })).then(
        (payload) => [JSON.parse((payload as Value).json), (payload as Value).meta?.ageMs],
        ({ code }: CodapError) => code,
      );
    if (before) {
      const first = ask();
      calls.pop()?.resolve(before);
      await first;
      await pass(10);
    }
    const leaving = new AbortController();
    const left = ask({ signal: leaving.signal });
    await pass(300);
    const joined = ask();
    leaving.abort(failed('CANCELLED'));
    expect(await left).toBe('CANCELLED');
    await pass(100);
    if (answer instanceof CodapError) calls[0]?.reject(answer);
    else calls[0]?.resolve(answer);
    await joined;
    expect(await ask()).toEqual(told);
    await pass(599);
    expect(calls).toHaveLength(1);
    void ask({ maxAgeMs: 998 });
    expect(calls).toHaveLength(2);
    await pass(1);
    void ask();
    expect(kept.state?.()).toMatchObject({ miss: before ? 5 : 4 });
  });
});

describe('a stale answer', () => {
  it('is served at once while one refresh runs behind it', async () => {
    const { calls, store, seen } = shop({ staleMs: 500 });
    await seen();
    await pass(1200);
    const { promise, resolve } = Promise.withResolvers<Value>();
    store.answer = () => promise;
    for (let times = 0; times < 3; times += 1) expect(await seen()).toEqual([1, 1200]);
    expect(calls).toHaveLength(2);
    resolve(plain('new'));
    await pass(10);
    expect(await seen()).toEqual(['new', 10]);
    expect(calls).toHaveLength(2);
  });

  it('is served instead of a failure for staleMs, and no longer', async () => {
    const { calls, store, seen, ask } = shop({ staleMs: 500 });
    await ask();
    store.answer = () => Promise.reject(failed('UNAVAILABLE'));
    for (const [more, age] of [
      [1000, 1000],
      [250, 1250],
      [249, 1499],
    ] as const) {
      await pass(more);
      expect(await seen()).toEqual([1, age]);
    }
    await pass(1);
    expect(calls).toHaveLength(4);
    await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each<[Code, boolean]>([
    ['TIMEOUT', true],
    ['UNAVAILABLE', true],
    ['OVERLOADED', true],
    ['CIRCUIT_OPEN', true],
    ['BAD_RESPONSE', true],
    ['TOO_LARGE', true],
    ['NOT_FOUND', false],
    ['FORBIDDEN', false],
    ['INVALID', false],
  ])('after its refresh failed with %s is still served: %s', async (code, isServed) => {
    const { store, ask, seen } = shop({ staleMs: 500 });
    await ask();
    await pass(1000);
    store.answer = () => Promise.reject(failed(code));
    await ask();
    await pass(0);
    const next = seen();
    if (isServed) expect(await next).toEqual([1, 1000]);
    else await expect(next).rejects.toMatchObject({ code });
  });

  it('is refreshed in nobody’s name: who is served may leave, and lends neither time, memory nor work', async () => {
    const { calls, store, ask, seen } = shop({ staleMs: 500 });
    const all = processMemory(1000);
    const mine = { ...context(), memory: new Memory(100, () => failed('TOO_LARGE'), all) };
    await ask({}, mine);
    await pass(1000);
    const { promise, resolve } = Promise.withResolvers<Value>();
    store.answer = () => promise;
    const leaving = new AbortController();
    const caller = { headers: {}, traceparent: '00-1-2-01' };
    const trace: CallTrace = { attempts: [] };
    await ask({}, { ...mine, caller, trace, signal: leaving.signal, deadline: performance.now() + 5, maxAgeMs: 9000 });
    const behind = calls[1]!.context;
    expect(instantOf(behind.deadline)).toBe(performance.now() + 2000);
    expect(behind).toMatchObject({ caller: { headers: {} } });
    expect(behind.caller).not.toHaveProperty('traceparent');
    expect(behind.trace).toBeUndefined();
    expect(behind.maxAgeMs).toBeUndefined();
    expect(behind.work).not.toBe(mine.work);
    mine.memory.close();
    behind.memory.hold(900);
    expect(all.held).toBe(900);
    leaving.abort(failed('CANCELLED'));
    expect(behind.signal.aborted).toBe(false);
    resolve(plain('new'));
    await pass(0);
    expect(all.held).toBe(0);
    expect(await seen()).toEqual(['new', 0]);
  });

  it('is refreshed for no longer than the source’s time-out', async () => {
    const { calls, store, ask } = shop({ staleMs: 10_000 });
    await ask();
    await pass(1000);
    store.answer = () => new Promise(() => {});
    await ask();
    await pass(1999);
    expect(calls[1]!.context.signal.aborted).toBe(false);
    await ask();
    expect(calls).toHaveLength(2);
    await pass(1);
    expect(calls[1]!.context.signal.reason).toMatchObject({ code: 'TIMEOUT' });
    await ask();
    expect(calls).toHaveLength(3);
  });

  it('is served without a refresh while a quarter of the source’s calls are refreshes', async () => {
    const { calls, store, ask, seen } = shop({ staleMs: 500 }, undefined, 8);
    const keys = ['a', 'b', 'c', 'd'];
    for (const key of keys) await ask({ key });
    await pass(1000);
    store.answer = () => new Promise(() => {});
    for (const [at, key] of keys.entries()) expect(await seen({ key })).toEqual([at + 1, 1000]);
    expect(calls).toHaveLength(6);
  });

  it('is refreshed no more once the source is closed', async () => {
    const { calls, store, layer, ask } = shop({ staleMs: 5000 });
    await ask();
    await ask({ key: 'b' });
    await pass(1000);
    store.answer = () => new Promise(() => {});
    await ask();
    await layer.dispose?.();
    expect(calls[2]!.context.signal.reason).toMatchObject({ code: 'CANCELLED' });
    expect(vi.getTimerCount()).toBe(0);
    expect(layer.state?.()).toMatchObject({ bytes: 0, entries: 0 });
  });
});

describe('maxAgeMs', () => {
  it('0 asks the store, and what that answers is kept', async () => {
    const { seen } = shop();
    expect(await seen()).toEqual([1, undefined]);
    expect(await seen({}, { maxAgeMs: 0 })).toEqual([2, undefined]);
    expect(await seen()).toEqual([2, 0]);
  });

  it('takes an answer of up to that age', async () => {
    const { seen } = shop();
    await seen();
    await pass(100);
    expect(await seen({}, { maxAgeMs: 100 })).toEqual([1, 100]);
    expect(await seen({}, { maxAgeMs: 99 })).toEqual([2, undefined]);
  });

  it('lets nothing older stand in for a failure', async () => {
    const { store, ask, seen } = shop({ staleMs: 500 });
    await ask();
    await pass(1200);
    store.answer = () => Promise.reject(failed('UNAVAILABLE'));
    await expect(ask({}, { maxAgeMs: 1199 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await seen({}, { maxAgeMs: 1200 })).toEqual([1, 1200]);
  });

  it('makes nothing fresh that is not', async () => {
    const { seen } = shop();
    await seen();
    await pass(1000);
    expect(await seen({}, { maxAgeMs: 5000 })).toEqual([2, undefined]);
  });
});

describe('what was not found', () => {
  it('is kept for notFoundMs, without what the driver threw', async () => {
    const { calls, store, ask, seen } = shop({ notFoundMs: 300 });
    const missing = new CodapError('NOT_FOUND', 'gone', { status: 404, source: 'shop', cause: new Error('driver') });
    store.answer = () => Promise.reject(missing);
    await expect(ask()).rejects.toBe(missing);
    await pass(299);
    const kept = await ask().catch((error: unknown) => error);
    expect(kept).toMatchObject({ code: 'NOT_FOUND', message: 'gone', status: 404, source: 'shop', retryable: false });
    expect((kept as Error).cause).toBeUndefined();
    store.answer = () => plain('back');
    expect(await seen({}, { maxAgeMs: 100 })).toEqual(['back', undefined]);
    expect(calls).toHaveLength(2);
  });

  it('is asked for again after that', async () => {
    const { calls, store, ask, seen } = shop({ notFoundMs: 300, staleMs: 500 });
    store.answer = () => Promise.reject(failed('NOT_FOUND'));
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await pass(300);
    store.answer = () => plain('back');
    expect(await seen()).toEqual(['back', undefined]);
    expect(calls).toHaveLength(2);
  });

  it('is not kept by default, nor where the store forbids it, but takes away what was kept before', async () => {
    for (const [notFoundMs, error] of [
      [0, failed('NOT_FOUND')],
      [300, new CodapError('NOT_FOUND', 'gone', { freshMs: 0 })],
    ] as const) {
      const { calls, store, ask } = shop({ notFoundMs });
      await ask();
      store.answer = () => Promise.reject(error);
      await expect(ask({}, { maxAgeMs: 0 })).rejects.toBe(error);
      await expect(ask()).rejects.toBe(error);
      expect(calls).toHaveLength(3);
    }
  });

  it('is the only failure that is kept', async () => {
    const { calls, store, ask } = shop({ notFoundMs: 300 });
    store.answer = () => Promise.reject(failed('UNAVAILABLE'));
    for (let times = 0; times < 2; times += 1) await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(calls).toHaveLength(2);
  });
});

describe('what the store says of keeping its answer', () => {
  const fresh = (freshMs: number, mayBeStale = true): Freshness => ({ mayBeKept: true, freshMs, mayBeStale });
  it.each<[string, Freshness | undefined, [age: number, is: CallTrace['cache']][]]>([
    [
      'nothing',
      undefined,
      [
        [999, 'hit'],
        [1499, 'stale'],
        [1500, 'miss'],
      ],
    ],
    ['that it may not', NOT_KEPT, [[0, 'miss']]],
    [
      'a shorter time',
      fresh(200),
      [
        [199, 'hit'],
        [699, 'stale'],
        [700, 'miss'],
      ],
    ],
    [
      'a longer time',
      fresh(9000),
      [
        [999, 'hit'],
        [1499, 'stale'],
        [1500, 'miss'],
      ],
    ],
    [
      'a shorter time, and no longer',
      fresh(200, false),
      [
        [199, 'hit'],
        [200, 'miss'],
      ],
    ],
    [
      'a time within staleMs, and no longer',
      fresh(1200, false),
      [
        [999, 'hit'],
        [1199, 'stale'],
        [1200, 'miss'],
      ],
    ],
    [
      'no time, but no longer',
      fresh(Infinity, false),
      [
        [999, 'hit'],
        [1000, 'miss'],
      ],
    ],
    ['that it has to be asked each time', fresh(0, false), [[0, 'miss']]],
  ])('is heeded: %s', async (_name, freshness, expected) => {
    for (const [age, is] of expected) {
      const { store, ask } = shop({ staleMs: 500 });
      store.answer = () => plain('a', undefined, freshness);
      await ask();
      await pass(age);
      const trace: CallTrace = { attempts: [] };
      await ask({}, { trace });
      expect([age, trace.cache]).toEqual([age, is]);
    }
  });

  it.each([
    ['must-revalidate', 1000],
    ['proxy-revalidate', 1000],
    ['public, must-revalidate', 1000],
    ['must-revalidate, max-age=1', 1000],
    ['must-revalidate, max-age=9', 1500],
    ['s-maxage=1', 1000],
    ['s-maxage=9', 1500],
    ['s-maxage', 0],
    ['no-cache', 0],
    ['no-cache, max-age=9', 0],
    ['max-age=9', 1500],
    ['public', 1500],
  ])('ends what is served, stale or not, in HTTP’s own words: %s after %i ms', async (control, ms) => {
    const { calls, store, ask } = shop({ staleMs: 500 });
    store.answer = () =>
      plain('a', undefined, freshnessOf({ get: (name) => (name === 'cache-control' ? control : undefined) }));
    await ask();
    store.answer = () => Promise.reject(failed('UNAVAILABLE'));
    if (ms > 0) {
      await pass(ms - 1);
      await ask();
      await pass(1);
    }
    const before = calls.length;
    await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(calls).toHaveLength(before + 1);
  });

  it('of which the adapter says that it may not is asked for each time, and counts as none that was missed', async () => {
    const keeps: Keeping['keeps'] = ({ params }, { headers }) =>
      (params as Asked).key !== 'mine' && !('if-match' in headers);
    const { ask, layer, calls } = shop({ notFoundMs: 500 }, { keeps });
    const theirs = { ...NOBODY, headers: { 'if-match': '"a"' } };
    for (const [key, caller, isKept] of [
      ['mine', NOBODY, false],
      ['all', theirs, false],
      ['all', NOBODY, true],
    ] as const) {
      const trace: CallTrace = { attempts: [] };
      const before = calls.length;
      for (let times = 0; times < 2; times += 1) await ask({ key }, { caller, trace });
      expect([key, calls.length - before, trace.cache]).toEqual(isKept ? [key, 1, 'hit'] : [key, 2, undefined]);
      const bounds = layer.bounds?.({ op: 'get', params: { key }, want: 'value' }, caller);
      expect(bounds !== undefined).toBe(isKept);
    }
    expect(layer.state?.()).toMatchObject({ hit: 1, miss: 1, stale: 0, entries: 1 });
  });

  it('of a newer one takes away what was kept before', async () => {
    const { store, ask, layer } = shop();
    await ask();
    store.answer = () => plain('for you alone', undefined, NOT_KEPT);
    await ask({}, { maxAgeMs: 0 });
    expect(layer.state?.()).toMatchObject({ bytes: 0, entries: 0 });
  });
});

describe('an answer with an entity tag', () => {
  const tagged = (value: unknown, etag: string, freshness?: Freshness) =>
    plain(value, { status: 200, etag }, freshness);
  const conditions = (calls: { query: Query }[]) =>
    calls.map(({ query }) => (query.params as { unless?: string }).unless);

  it('is asked for by it once it is too old, and renewed where it is still the same', async () => {
    const { calls, store, ask, seen } = shop({}, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(5000);
    store.answer = () => unchanged({ status: 304, etag: '"1"' });
    const all = processMemory(Infinity);
    const renewed = await ask({}, { memory: all });
    expect(renewed.json).toBe('"a"');
    expect(renewed.meta).toEqual({ status: 200, etag: '"1"' });
    expect(all.held).toBe(3);
    await pass(999);
    expect(await seen()).toEqual(['a', 999]);
    expect(conditions(calls)).toEqual([undefined, '"1"']);
  });

  it('has what the renewal says of it, but for what tells of the bytes', async () => {
    const { store, ask } = shop({}, conditionally);
    const lastModified = '2026-01-01T00:00:00.000Z';
    const meta = { status: 200, size: 1, contentType: 'text/plain', encoding: 'text', etag: 'W/"1"' } as const;
    const headers = { 'x-left': '11', 'x-kept': 'a', 'content-length': '1' };
    store.answer = () => plain('a', { ...meta, headers });
    await ask();
    await pass(1000);
    const told = { status: 304, etag: '"1"', lastModified, contentType: 'text/html', size: 0 };
    store.answer = () => unchanged({ ...told, headers: { 'x-left': '10', 'content-length': '0' } });
    const now = { ...meta, etag: '"1"', lastModified, headers: { ...headers, 'x-left': '10' } };
    expect((await ask()).meta).toEqual(now);
    expect((await ask()).meta).toEqual({ ...now, ageMs: 0 });
  });

  it('is replaced where it is another by then', async () => {
    const { calls, store, ask, seen } = shop({}, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(1000);
    store.answer = () => tagged('b', '"2"');
    expect(await seen()).toEqual(['b', undefined]);
    await pass(1000);
    await ask();
    expect(conditions(calls)).toEqual([undefined, '"1"', '"2"']);
  });

  it('is refreshed by it behind what is stale, too, and where maxAgeMs asks the store', async () => {
    const { calls, store, ask, seen } = shop({ staleMs: 500 }, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(1000);
    store.answer = () => unchanged({ status: 304 });
    expect(await seen()).toEqual(['a', 1000]);
    expect(await seen()).toEqual(['a', 0]);
    expect(await seen({}, { maxAgeMs: 0 })).toEqual(['a', undefined]);
    expect(conditions(calls)).toEqual([undefined, '"1"', '"1"']);
  });

  it('is fresh for as long as the renewal says, or else as before', async () => {
    const fresh = (freshMs: number) => ({ mayBeKept: true, freshMs, mayBeStale: true });
    const partial = (freshMs: number) => ({ ...fresh(freshMs), isPartial: true as const });
    for (const [before, told, ms] of [
      [fresh(300), undefined, 300],
      [fresh(300), fresh(700), 700],
      [fresh(300), partial(700), 300],
      [fresh(300), partial(200), 200],
      [partial(300), partial(700), 700],
      [partial(300), partial(Infinity), 300],
      [partial(300), fresh(700), 700],
    ] as const) {
      const { store, ask, seen } = shop({}, conditionally);
      store.answer = () => tagged('a', '"1"', before);
      await ask();
      await pass(300);
      store.answer = () => unchanged({ status: 304 }, told);
      await ask();
      await pass(ms - 1);
      expect(await seen()).toEqual(['a', ms - 1]);
      await pass(1);
      expect(await seen()).toEqual(['a', undefined]);
    }
  });

  it('is kept no more where the renewal forbids it', async () => {
    const { store, ask, seen, layer } = shop({}, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(1000);
    store.answer = () => unchanged({ status: 304 }, NOT_KEPT);
    expect(await seen()).toEqual(['a', undefined]);
    expect(layer.state?.()).toMatchObject({ entries: 0 });
  });

  it('is kept for that alone where the store has to be asked each time', async () => {
    const { calls, store, seen } = shop({ staleMs: 500 }, conditionally);
    store.answer = () => tagged('a', '"1"', { mayBeKept: true, freshMs: 0, mayBeStale: false });
    await seen();
    store.answer = () => unchanged({ status: 304 });
    expect(await seen()).toEqual(['a', undefined]);
    expect(conditions(calls)).toEqual([undefined, '"1"']);
  });

  it('is asked for in full where the store says that another one has not changed', async () => {
    const { calls, store, ask, seen } = shop({}, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(1000);
    store.answer = () => (calls.length === 2 ? unchanged({ status: 304, etag: '"9"' }) : tagged('b', '"9"'));
    expect(await seen()).toEqual(['b', undefined]);
    expect(conditions(calls)).toEqual([undefined, '"1"', undefined]);
  });

  it('is the same where one of the tags is weak', async () => {
    const { calls, store, ask, seen } = shop({}, conditionally);
    store.answer = () => tagged('a', 'W/"1"');
    await ask();
    await pass(1000);
    store.answer = () => unchanged({ status: 304, etag: '"1"' });
    expect(await seen()).toEqual(['a', undefined]);
    expect(calls).toHaveLength(2);
  });

  it('fails where the store does, unless it may be stale', async () => {
    const { store, ask } = shop({}, conditionally);
    store.answer = () => tagged('a', '"1"');
    await ask();
    await pass(1000);
    store.answer = () => Promise.reject(failed('UNAVAILABLE'));
    await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.answer = () => unchanged({ status: 304 });
    expect((await ask()).json).toBe('"a"');
  });
});

describe('the memory that answers take', () => {
  it('is bounded, whatever is asked for: those looked for last stay', async () => {
    const maxBytes = 2 ** 20;
    const { layer, store, ask } = shop({ maxBytes });
    const bytes = () => layer.state().bytes;
    store.answer = () => plain('x'.repeat(10_000));
    for (let at = 0; at < 1050; at += 1) {
      await ask({ key: `k${at}` });
      await ask({ key: 'dear' });
      expect(bytes()).toBeLessThanOrEqual(maxBytes);
    }
    expect(bytes()).toBeGreaterThan(0.9 * maxBytes);
    expect(layer.state?.()).toMatchObject({ hit: 1049 });
  });

  it('is no reason to keep one that does not fit, nor what it would replace', async () => {
    const { calls, layer, store, ask } = shop({ maxBytes: 65_536 });
    await ask();
    store.answer = () => plain('x'.repeat(70_000));
    await ask({}, { maxAgeMs: 0 });
    expect(layer.state?.()).toMatchObject({ bytes: 0, entries: 0 });
    await ask();
    expect(calls).toHaveLength(3);
  });

  it('counts a failure, a key and what the store said', async () => {
    const { layer, store, ask } = shop({ notFoundMs: 100 });
    const bytes = () => layer.state().bytes;
    store.answer = () => Promise.reject(failed('NOT_FOUND'));
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const one = bytes();
    await expect(ask({ key: 'k'.repeat(10_000) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(bytes()).toBeGreaterThan(2 * one + 9000);
    store.answer = () => plain(null, { headers: { link: 'l'.repeat(10_000) } });
    const before = bytes();
    await ask({ key: 'b' });
    expect(bytes()).toBeGreaterThan(before + 10_000);
  });
});
