import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BucketOptions } from '../../src/budget/token-bucket.ts';
import { CodapError, type Code } from '../../src/errors.ts';
import { Circuit, type CircuitOptions } from '../../src/sources/circuit.ts';
import { stack } from '../../src/sources/layer.ts';
import { breaker, judge } from '../../src/sources/layers/breaker.ts';
import { limit } from '../../src/sources/layers/limit.ts';
import { prime } from '../../src/sources/layers/prime.ts';
import { rate } from '../../src/sources/layers/rate.ts';
import { retry } from '../../src/sources/layers/retry.ts';
import { timeout } from '../../src/sources/layers/timeout.ts';
import type { LayerContext } from '../../src/sources/layer-context.ts';
import type { Payload } from '../../src/store/payload.ts';
import { context } from '../adapters/source.ts';
import { FakeStore } from '../layer-suite/fake-store.ts';

const DOWN = new CodapError('UNAVAILABLE', 'down');
const LATER = new CodapError('UNAVAILABLE', 'down', { retryAfterMs: 1000 });
const OPEN_MS = 3000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const pass = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

interface Options extends Partial<CircuitOptions> {
  concurrency?: number;
  queue?: number;
  rate?: BucketOptions;
  attempts?: number;
}

/** A source whose circuit opens at its first failure; its store answers when it is told. */
function shop({ concurrency = 100, queue = 100, rate: tokens, attempts = 1, ...own }: Options) {
  const circuit = new Circuit({ name: 'shop', ratio: 0.5, calls: 1, openMs: OPEN_MS, wholeMs: 2000, ...own });
  const store = new FakeStore();
  const limited = limit({ name: 'shop', concurrency, queue }, () => circuit.whenOpens);
  const rated = tokens && rate({ name: 'shop', queue, ...tokens }, circuit.whenOpens);
  const fetch = stack(store.fetch, [
    timeout('shop'),
    retry({ attempts, budget: 0, perSecond: 0.3 }, circuit),
    breaker(circuit),
    limited.flowing,
    ...(rated ? [rated] : []),
    limited,
    judge(circuit),
    prime,
  ]);
  const began = performance.now();
  /** What became of each, and when: milliseconds from the beginning. */
  const told: [what: Code | 'ok', ms: number, retryAfterMs?: number | undefined][] = [];
  const ask = (own: Partial<LayerContext> = {}, want: Payload['kind'] = 'value'): Promise<Payload> => {
    const asked = fetch({ op: 'get', params: {}, want }, context({ deadline: performance.now() + 60_000, ...own }));
    asked.then(
      () => told.push(['ok', performance.now() - began]),
      ({ code, retryAfterMs }: CodapError) => told.push([code, performance.now() - began, retryAfterMs]),
    );
    return asked;
  };
  const queued = () => limited.state().queued + (rated?.state().queued ?? 0);
  return { store, circuit, ask, told, queued };
}

type Shop = ReturnType<typeof shop>;

/** Three queries of each of two callers. */
function six({ ask }: Shop, want?: Payload['kind']): void {
  for (let at = 0; at < 6; at += 1) void ask({ caller: { name: `caller ${at % 2}`, headers: {} } }, want);
}

it.each<[string, Options, (shop: Shop) => void]>([
  ['a token', { rate: { perSecond: 0.5, burst: 1 } }, six],
  ['a place, with a token', { concurrency: 1, rate: { perSecond: 0.5, burst: 7 } }, six],
  [
    'a place that what lingers in the store keeps',
    { concurrency: 1 },
    (shop) => {
      shop.store.calls[0]?.context.lingers?.(new Promise(() => {}));
      six(shop);
    },
  ],
  [
    'a place of what flows',
    { concurrency: 4, ratio: 0.1 },
    (shop) => {
      for (let at = 0; at < 3; at += 1) {
        void shop.ask({}, 'items');
        shop.store.calls.at(-1)?.answer(['x'], 'stalls');
      }
      six(shop, 'items');
    },
  ],
])('who waits for %s as the circuit opens is turned away at once, each of them once', async (_what, own, waiting) => {
  const made = shop(own);
  const { store, ask, told, queued } = made;
  void ask();
  waiting(made);
  await pass(10);
  const { length } = store.calls;
  told.length = 0;
  expect(queued()).toBe(6);
  store.calls[0]?.fail(DOWN);
  await pass();
  const refused = told.filter(([what]) => what === 'CIRCUIT_OPEN');
  expect(refused).toEqual(Array.from({ length: 6 }, () => ['CIRCUIT_OPEN', 10, OPEN_MS]));
  expect(told).toHaveLength(7);
  expect([queued(), vi.getTimerCount()]).toEqual([0, 0]);
  await pass(60_000);
  expect([store.calls.length, told.length]).toEqual([length, 7]);
});

it.each([0, 12])('the probe is at the store as soon as it may, also where %i waited for a token', async (waiting) => {
  const { store, ask, told, queued } = shop({ openMs: 500, rate: { perSecond: 2, burst: 1 } });
  for (let at = 0; at <= waiting; at += 1) void ask();
  await pass(10);
  store.calls[0]?.fail(DOWN);
  await pass(500);
  void ask();
  void ask();
  expect(store.calls).toHaveLength(2);
  store.calls[1]?.answer(['x']);
  await pass();
  expect(told.slice(-2).map(([what]) => what)).toEqual(['CIRCUIT_OPEN', 'ok']);
  expect(queued()).toBe(0);
});

it('a probe waits for its token', async () => {
  const { store, ask, told, queued } = shop({ openMs: 500, rate: { perSecond: 0.5, burst: 1 } });
  void ask();
  store.calls[0]?.fail(DOWN);
  await pass(500);
  void ask();
  void ask();
  await pass();
  expect(queued()).toBe(1);
  await pass(1500);
  store.calls[1]?.answer(['x']);
  await pass();
  expect(told.map(([what, ms]) => [what, ms])).toEqual([
    ['UNAVAILABLE', 0],
    ['CIRCUIT_OPEN', 500],
    ['ok', 2000],
  ]);
});

it.each<[string, Options, (shop: Shop) => () => void]>([
  ['a token', { rate: { perSecond: 0.5, burst: 1 } }, () => () => {}],
  [
    'a place',
    { concurrency: 1 },
    ({ store }) => {
      const lingering = Promise.withResolvers<void>();
      store.calls[0]?.context.lingers?.(lingering.promise);
      return lingering.resolve;
    },
  ],
])('while a probe waits for %s, an attempt’s whole time is what others are told', async (_what, own, waiting) => {
  const made = shop({ ...own, openMs: 500, wholeMs: 100 });
  const { store, ask, told } = made;
  void ask();
  const comes = waiting(made);
  store.calls[0]?.fail(DOWN);
  await pass(500);
  void ask();
  for (let at = 500; at < 2000; at += 300) {
    void ask();
    await pass(300);
  }
  comes();
  await pass();
  expect(store.calls).toHaveLength(2);
  for (let times = 0; times < 3; times += 1) {
    await pass(40);
    void ask();
  }
  await pass();
  const refused = told.filter(([what]) => what === 'CIRCUIT_OPEN');
  expect(refused.map(([, , retryAfterMs]) => retryAfterMs)).toEqual([100, 100, 100, 100, 100, 60, 20, 1]);
});

describe('who waits to ask again', () => {
  it.each<[string, number, (shop: Shop) => Promise<void>]>([
    [
      'a probe fails',
      510,
      async ({ store, ask }) => {
        void ask();
        store.calls[2]?.fail(DOWN);
        await pass();
      },
    ],
    [
      'it has been closed, and opens again',
      900,
      async ({ store, ask }) => {
        void ask();
        store.calls[2]?.answer(['x']);
        await pass(390);
        void ask();
        void ask();
        for (const { fail } of store.calls.slice(3)) fail(DOWN);
        await pass();
      },
    ],
  ])('hears the failure as soon as the circuit is open for longer, where %s', async (_what, at, happens) => {
    const made = shop({ calls: 2, openMs: 500, attempts: 2 });
    const { store, ask, told } = made;
    void ask();
    void ask();
    store.calls[0]?.fail(LATER);
    await pass(10);
    store.calls[1]?.fail(LATER);
    await pass(500);
    expect(told).toEqual([]);
    await happens(made);
    const failed = told.filter(([what]) => what === 'UNAVAILABLE');
    expect(failed.filter(([, , retryAfterMs]) => retryAfterMs === 1000)).toEqual([
      ['UNAVAILABLE', at, 1000],
      ['UNAVAILABLE', at, 1000],
    ]);
    expect(new Set(failed.map(([, ms]) => ms))).toEqual(new Set([at]));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each<[string, number, [what: Code | 'ok', ms: number][]]>([
    [
      'hears the failure at once, where the circuit opens for longer',
      1001,
      [
        ['UNAVAILABLE', 10],
        ['UNAVAILABLE', 10],
      ],
    ],
    [
      'hears it at once alone, where another one may be the probe',
      991,
      [
        ['UNAVAILABLE', 10],
        ['ok', 1010],
      ],
    ],
    [
      'may be the probe, where it opens for less',
      500,
      [
        ['UNAVAILABLE', 1010],
        ['ok', 1010],
      ],
    ],
  ])('%s', async (_what, openMs, expected) => {
    const { store, ask, told } = shop({ calls: 2, openMs, attempts: 2 });
    void ask();
    void ask();
    store.calls[0]?.fail(LATER);
    await pass(10);
    store.calls[1]?.fail(LATER);
    await pass();
    await pass(1000);
    store.calls[2]?.answer(['x']);
    await pass();
    expect(told.map(([what, ms]) => [what, ms])).toEqual(expected);
    expect(vi.getTimerCount()).toBe(0);
  });
});
