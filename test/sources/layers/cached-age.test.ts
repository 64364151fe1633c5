import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Merger, Parts, Point } from '../../../adapters/adapter.ts';
import { plain, unchanged } from '../../../adapters/http/content.ts';
import { CodapError } from '../../../src/errors.ts';
import { Circuit } from '../../../src/sources/circuit.ts';
import { type Layer, stack } from '../../../src/sources/layer.ts';
import { attempt } from '../../../src/sources/layers/attempt.ts';
import { judge } from '../../../src/sources/layers/breaker.ts';
import { cache } from '../../../src/sources/layers/cache.ts';
import { coalesce } from '../../../src/sources/layers/coalesce.ts';
import { hedge } from '../../../src/sources/layers/hedge.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { merge } from '../../../src/sources/layers/merge.ts';
import { retry } from '../../../src/sources/layers/retry.ts';
import type { Query } from '../../../src/store/fetch.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import type { Freshness } from '../../../src/store/freshness.ts';
import type { Payload, Value } from '../../../src/store/payload.ts';
import { context } from '../../adapters/source.ts';
import { rated } from '../../layer-suite/rated.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Lets so many milliseconds pass, and what is ready go on. */
async function pass(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await nextTurn();
  await vi.advanceTimersByTimeAsync(0);
}

const TTL = 1000;
const MISSING = new CodapError('NOT_FOUND', 'gone');
const DOWN = new CodapError('UNAVAILABLE', 'down', { retryAfterMs: 600 });
const NAMED = { caller: { name: 'other', headers: {} } };

interface KeyPoint extends Point {
  readonly key: string;
}

/** Reads by `key`, all answered with one object of their values; what is not in that is not told. */
const merger: Merger<KeyPoint> = {
  pointOf({ params }: Query): KeyPoint {
    return { group: '', most: 9, chars: 1, mostChars: 100, ...(params as { key: string }) };
  },
  merged: (points) => ({ op: 'get', params: { key: points.map(({ key }) => key).join() }, want: 'value' }),
  split: (answer): Parts<KeyPoint> => ({
    of({ key }) {
      const told = ((answer as Value).value as Record<string, unknown>)[key];
      if (told === null) throw MISSING;
      return told === undefined ? undefined : plain(told);
    },
  }),
};

const inRate = () => rated({ perSecond: 2, burst: 1 });
const inLimit = () => limit({ name: 'shop', concurrency: 1, queue: 9 });
const retried = () => retry({ attempts: 2, budget: 1, perSecond: 9 });

/** A store below these layers and a cache, each call of which waits until it is answered. */
function shop(layers: readonly Layer[], staleMs = 0) {
  const calls: { query: Query; answer: (told: Payload | CodapError) => Promise<void> }[] = [];
  const kept = cache(
    {
      name: 'shop',
      timeoutMs: 4000,
      concurrency: 8,
      cache: { ttlMs: TTL, staleMs, notFoundMs: TTL, maxBytes: 2 ** 20 },
    },
    { revalidate: (query, etag) => ({ ...query, params: { ...(query.params as object), etag } }) },
  );
  const circuit = new Circuit({ name: 'shop', ratio: 1, calls: 99, openMs: 1000, wholeMs: 4000 });
  const fetch = stack(
    (query) =>
      new Promise((resolve, reject) => {
        const answer = (told: Payload | CodapError) => {
          if (told instanceof CodapError) reject(told);
          else resolve(told);
          return pass();
        };
        calls.push({ query, answer });
      }),
    [kept, ...layers, judge(circuit), attempt],
  );
  /** What is answered, and how old it is if it comes out of the cache. */
  const ask = (key = 'a', own: Partial<LayerContext> = {}) =>
    fetch({ op: 'get', params: { key }, want: 'value' }, context({ deadline: performance.now() + 4000, ...own })).then(
      (payload) => [JSON.parse((payload as Value).json), (payload as Value).meta?.ageMs],
      ({ code }: CodapError) => [code],
    );
  /** Something else is asked first, and takes the place or the token; after 500 ms it is answered. */
  const behind = async (asking: () => unknown): Promise<void> => {
    void ask('else');
    asking();
    await pass(500);
    await calls.shift()!.answer(plain('else'));
  };
  return { calls, ask, behind };
}

type Shop = ReturnType<typeof shop>;

/** Has it asked for `a`, and what else; answers when what is kept of that had left: an instant. */
type Asking = (shop: Shop) => Promise<number>;

/** Asked for behind something else, and answered 100 ms after it left. */
const inLine =
  (told: Payload | CodapError = plain('a'), own?: Partial<LayerContext>): Asking =>
  async ({ calls, ask, behind }) => {
    await behind(() => void ask('a', own));
    const left = performance.now();
    await pass(100);
    await calls.shift()!.answer(told);
    return left;
  };

const fresh = (freshMs: number): Freshness => ({ mayBeKept: true, freshMs, mayBeStale: false });
const tagged = (etag: string) => plain('a', { status: 200, etag });

it.each<[string, Layer[], Asking, keys?: string]>([
  ['a rate', [inRate()], inLine()],
  ['a limit', [inLimit()], inLine()],
  ['a limit, to be told that there is none', [inLimit()], inLine(MISSING)],
  ['a limit, to be told for how long that holds', [inLimit()], inLine(plain('a', undefined, fresh(TTL)))],
  [
    'a Retry-After, behind an attempt that took long',
    [retried()],
    async ({ calls, ask }) => {
      void ask();
      await pass(300);
      await calls.shift()!.answer(DOWN);
      await pass(600);
      const left = performance.now();
      await pass(100);
      await calls.shift()!.answer(plain('a'));
      return left;
    },
  ],
  [
    'the rate once more, to be tried again',
    [retried(), inRate()],
    async ({ calls, ask }) => {
      void ask();
      await calls.shift()!.answer(new CodapError('UNAVAILABLE', 'down', { retryAfterMs: 0 }));
      await pass(500);
      const left = performance.now();
      await calls.shift()!.answer(plain('a'));
      return left;
    },
  ],
  [
    'nothing, as its hedge was answered: the first attempt counts',
    [hedge({ percentile: 0.9, budget: 1 })],
    async ({ calls, ask }) => {
      for (let at = 0; at < 100; at += 1) void ask(`usual ${at}`);
      await pass(10);
      for (const call of calls.splice(0)) void call.answer(plain('x'));
      await pass();
      void ask();
      const left = performance.now();
      await pass(200);
      expect(calls).toHaveLength(2);
      await calls.splice(0)[1]!.answer(plain('a'));
      return left;
    },
  ],
  [
    'a limit, joined by others as it waited and once it had left, all of whom keep what comes',
    [coalesce(4000), inLimit()],
    async ({ calls, ask, behind }) => {
      await behind(() => {
        void ask();
        void ask();
      });
      const left = performance.now();
      await pass(100);
      void ask();
      void ask('a', NAMED);
      await pass(100);
      expect(calls).toHaveLength(1);
      await calls.shift()!.answer(plain('a'));
      return left;
    },
  ],
  [
    'a limit, and left by who began it',
    [coalesce(4000), inLimit()],
    async ({ calls, ask, behind }) => {
      const leaving = new AbortController();
      await behind(() => {
        void ask('a', { signal: leaving.signal });
        void ask();
      });
      const left = performance.now();
      leaving.abort(new CodapError('CANCELLED', 'left'));
      await pass(100);
      await calls.shift()!.answer(MISSING);
      return left;
    },
  ],
  [
    'a line of its own, because another caller’s went on',
    [coalesce(4000), inLimit()],
    async ({ calls, ask }) => {
      void ask('else');
      void ask('a', NAMED);
      void ask();
      await pass(300);
      await calls.shift()!.answer(plain('else'));
      await pass(300);
      await calls.shift()!.answer(new CodapError('UNAVAILABLE', 'down'));
      const left = performance.now();
      await pass(200);
      await calls.shift()!.answer(plain('a'));
      return left;
    },
  ],
  [
    'a limit, together with others, each of which is kept by its own name',
    [coalesce(4000), merge(merger), inLimit()],
    async ({ calls, ask }) => {
      void ask('else');
      await pass();
      for (const key of ['a', 'b', 'c']) void ask(key);
      await pass(500);
      await calls.shift()!.answer(plain('else'));
      const left = performance.now();
      await pass(100);
      expect(calls.map(({ query }) => query.params)).toEqual([{ key: 'a,b,c' }]);
      await calls.shift()!.answer({ kind: 'value', json: '', value: { a: 1, b: 2, c: null } });
      return left;
    },
    'abc',
  ],
  [
    'an answer that did not tell of it, to be asked for alone',
    [merge(merger), inLimit()],
    async ({ calls, ask }) => {
      for (const key of ['b', 'a']) void ask(key);
      await pass(300);
      await calls.shift()!.answer({ kind: 'value', json: '', value: { b: 1 } });
      const left = performance.now();
      await pass(100);
      expect(calls.map(({ query }) => query.params)).toEqual([{ key: 'a' }]);
      await calls.shift()!.answer(plain('a'));
      return left;
    },
  ],
  [
    'a limit, to be told that it is still the same',
    [inLimit()],
    async (one) => {
      void one.ask();
      await one.calls.shift()!.answer(tagged('"1"'));
      await pass(TTL);
      return inLine(unchanged({ status: 304, etag: '"1"' }))(one);
    },
  ],
  [
    'a limit once more, because it was told of another one',
    [inLimit()],
    async (one) => {
      void one.ask();
      await one.calls.shift()!.answer(tagged('"1"'));
      await pass(TTL);
      await inLine(unchanged({ status: 304, etag: '"2"' }))(one);
      const left = performance.now();
      await pass(100);
      await one.calls.shift()!.answer(tagged('"2"'));
      return left;
    },
  ],
])('what waited for %s, is as old as the attempt that it answers', async (_what, layers, asking, keys = 'a') => {
  const one = shop(layers);
  const left = await asking(one);
  const { calls, ask } = one;
  expect(calls).toHaveLength(0);
  const now = performance.now();
  const served = async (): Promise<void> => {
    for (const key of keys) {
      const asked = ask(key);
      await pass();
      expect(calls).toHaveLength(0);
      // What was not found tells no age.
      const [, age = performance.now() - left] = await asked;
      expect([key, age]).toEqual([key, performance.now() - left]);
    }
  };
  await served();
  await pass(left + TTL - 1 - now);
  await served();
  await pass(1);
  for (const key of keys) {
    void ask(key);
    await pass();
    expect(calls).toHaveLength(1);
    await calls.shift()!.answer(plain('new'));
  }
});

it('what a refresh waited for is as old as the attempt that it answers', async () => {
  const one = shop([inLimit()], 5000);
  void one.ask();
  await one.calls.shift()!.answer(plain('old'));
  await pass(TTL);
  const left = await inLine(plain('new'))(one);
  expect(await one.ask()).toEqual(['new', performance.now() - left]);
});

it('of two that were asked for one after the other, and answered the other way round, the one that left later is kept', async () => {
  const { calls, ask } = shop([rated({ perSecond: 1, burst: 2 })]);
  void ask();
  await pass(10);
  void ask('a', { maxAgeMs: 0 });
  const left = performance.now();
  await calls[1]!.answer(plain('later'));
  await calls[0]!.answer(plain('earlier'));
  expect(await ask()).toEqual(['later', performance.now() - left]);
});
