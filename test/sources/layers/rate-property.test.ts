import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CodapError, notNeeded } from '../../../src/errors.ts';
import { Circuit } from '../../../src/sources/circuit.ts';
import { stack } from '../../../src/sources/layer.ts';
import { breaker, judge } from '../../../src/sources/layers/breaker.ts';
import { hedge } from '../../../src/sources/layers/hedge.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { rate } from '../../../src/sources/layers/rate.ts';
import { retry } from '../../../src/sources/layers/retry.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore, leave } from '../../layer-suite/fake-store.ts';

const FAILURES = [
  new CodapError('UNAVAILABLE', 'down'),
  new CodapError('UNAVAILABLE', 'down', { retryAfterMs: 150 }),
  new CodapError('OVERLOADED', '429', { retryAfterMs: 20 }),
];

/** Milliseconds that the event loop was held up: no timer fires meanwhile. */
let heldMs = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  heldMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + heldMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

interface Bounds {
  readonly perSecond: number;
  readonly burst: number;
  readonly concurrency: number;
  readonly queue: number;
}

/** A source with all layers that ask its store, and the instants at which they did. */
function shop({ perSecond, burst, concurrency, queue }: Bounds, wholeMs: number, calls: number) {
  const name = 'shop';
  const circuit = new Circuit({ name, ratio: 0.5, calls, openMs: 50, wholeMs });
  const store = new FakeStore();
  const asked: number[] = [];
  const places = limit({ name, concurrency, queue }, () => circuit.whenOpens);
  const rated = rate({ name, perSecond, burst, queue }, circuit.whenOpens);
  const fetch = stack(
    (query, context) => {
      if (!context.signal.aborted) asked.push(performance.now());
      return store.fetch(query, context);
    },
    [
      timeout(name),
      retry({ attempts: 3, budget: 1, perSecond: 10 }, circuit),
      hedge({ percentile: 0.5, budget: 1 }),
      breaker(circuit),
      places.flowing,
      rated,
      places,
      judge(circuit),
      attemptTimeout(name, wholeMs),
      prime,
    ],
  );
  const callers: AbortController[] = [];
  const open: Payload[] = [];
  const ask = (want: Payload['kind'] = 'value', withinMs = 1000, caller = 'a'): void => {
    const { signal } = callers[callers.push(new AbortController()) - 1]!;
    const deadline = performance.now() + withinMs;
    fetch({ op: 'get', params: {}, want }, context({ signal, deadline, caller: { name: caller, headers: {} } })).then(
      (payload) => {
        if (payload.kind === 'body') payload.stream.on('error', () => {});
        open.push(payload);
      },
      (error: unknown) => expect(error).toBeInstanceOf(CodapError),
    );
  };
  /** So many lists and bodies are read no further. */
  const close = async (most = open.length): Promise<void> => {
    await Promise.allSettled(open.splice(0, most).map(leave));
  };
  /** The store answers all that it has been asked, and every list is closed. */
  const settle = async (): Promise<void> => {
    for (const { answer } of store.calls.splice(0)) answer(['x']);
    await pass();
    await close();
    await pass();
  };
  const standing = () => ({ ...places.state(), ...rated.state(), rated: rated.state().queued });
  return { circuit, store, asked, callers, ask, close, settle, standing };
}

/** By how many calls the store was asked more in some window than a bucket allows that was full before it. */
function excess(asked: readonly number[], { perSecond, burst }: Bounds): number {
  let most = 0;
  for (const [from, began] of asked.entries())
    for (const [more, at] of asked.slice(from).entries())
      most = Math.max(most, more + 1 - burst - ((at - began) * perSecond) / 1000);
  return most;
}

/** So long an attempt of a store that stalls may take. */
const STALLED_MS = 5000;

/** Of those who came first, so many leave. */
async function leaving({ callers, settle }: ReturnType<typeof shop>, from: number, most: number): Promise<void> {
  for (const caller of callers.splice(from, most)) caller.abort(notNeeded());
  await pass(1);
  await settle();
}

const CASES: [string, Payload['kind'], (made: ReturnType<typeof shop>) => Promise<unknown>][] = [
  ['places come free all at once', 'value', ({ settle }) => settle()],
  ['those leave who have the places', 'value', (made) => leaving(made, 0, 8)],
  ['those leave who wait for a place', 'value', (made) => leaving(made, 8, 8)],
  ['those leave who wait until others have read their lists', 'items', (made) => leaving(made, 6, 4)],
  ['lists are closed', 'items', ({ settle }) => settle()],
  [
    'all calls fail, and are made again',
    'value',
    ({ store }) => {
      for (const { fail } of store.calls.splice(0)) fail(FAILURES[2]);
      return pass(100);
    },
  ],
  ['all calls run out of time', 'value', () => pass(STALLED_MS)],
];

it.each(CASES.flatMap(([what, want, happens]) => [1, 3].map((burst) => [what, want, burst, happens] as const)))(
  'what has waited while all places were taken leaves at the rate as %s: %s, burst %i',
  async (_what, want, burst, happens) => {
    const bounds = { perSecond: 10, burst, concurrency: 8, queue: 1000 };
    const made = shop(bounds, STALLED_MS, Infinity);
    for (let at = 0; at < 40; at += 1) made.ask(want, 60_000);
    for (let ms = 0; ms < 4000; ms += 100) {
      await pass(100);
      // Nobody reads on; of values the store answers none.
      if (want !== 'value') for (const { answer } of made.store.calls.splice(0)) answer(['x'], 'stalls');
    }
    for (let at = 0; at < 40; at += 1) made.ask('value', 60_000);
    for (let times = 0; times < 10; times += 1) {
      await pass(130);
      await happens(made);
    }
    expect(made.asked.length).toBeGreaterThan(16);
    expect(excess(made.asked, bounds)).toBeLessThanOrEqual(1e-6);
    for (const caller of made.callers) caller.abort(notNeeded());
    await made.settle();
    expect(made.standing()).toMatchObject({ running: 0, queued: 0, rated: 0 });
    expect(vi.getTimerCount()).toBe(0);
  },
);

it('what waits until others have read their lists keeps no token from what is gathered', async () => {
  const { store, ask, asked } = shop({ perSecond: 10, burst: 1, concurrency: 4, queue: 1000 }, STALLED_MS, Infinity);
  for (let at = 0; at < 10; at += 1) ask('items', 60_000);
  for (let at = 0; at < 3; at += 1, await pass(100)) store.calls[at]!.answer(['x'], 'stalls');
  expect(asked).toHaveLength(3);
  for (let at = 3; at < 10; at += 1, await pass(100)) {
    ask('value', 200);
    await pass();
    store.calls[at]!.answer(['x']);
  }
  expect(asked).toHaveLength(10);
});

it('whatever becomes of calls, the store is asked as often as the bucket allows, which is full after a rest', async () => {
  const step = fc.record({
    what: fc.constantFrom('ask', 'ask', 'ask', 'crowd', 'leave', 'answer', 'fail', 'close', 'settle', 'pass', 'hold'),
    number: fc.nat(120),
    want: fc.constantFrom('value', 'value', 'items', 'body'),
    caller: fc.constantFrom('a', 'b'),
  });
  const bounds = fc.record({
    perSecond: fc.constantFrom(10, 50, 1000),
    burst: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.integer({ min: 1, max: 8 }),
    queue: fc.constantFrom(0, 1, 5, 1000),
  });
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(step, { maxLength: 80 }), fc.boolean(), async (bounds, steps, isKnown) => {
      heldMs = 0;
      const { perSecond, burst, concurrency } = bounds;
      const { circuit, store, asked, callers, ask, close, settle, standing } = shop(bounds, 200, 4);
      // Only then is it known how long calls take, and some are hedged.
      for (let known = isKnown ? 0 : 100; known < 100; known += 1) {
        ask();
        await pass(1000 / perSecond);
        await settle();
      }
      const held = heldMs;
      for (const { what, number, want, caller } of steps) {
        if (what === 'ask') ask(want, 10 * number, caller);
        else if (what === 'crowd') for (let at = 0; at < number / 8; at += 1) ask(want, 500 + number, caller);
        else if (what === 'leave') callers[number % Math.max(1, callers.length)]?.abort(notNeeded());
        else if (what === 'answer') store.calls.shift()?.answer(['x'], number % 2 ? 'stalls' : 'ends');
        else if (what === 'fail') store.calls.shift()?.fail(FAILURES[number % 3]);
        else if (what === 'close') await close(1);
        else if (what === 'settle') await settle();
        else if (what === 'hold') heldMs += number;
        await pass(what === 'pass' ? number : number % 3);
      }
      for (const caller of callers) caller.abort(notNeeded());
      await settle();
      expect(standing()).toMatchObject({ running: 0, queued: 0, rated: 0 });
      expect(excess(asked, bounds)).toBeLessThanOrEqual(heldMs > held ? 1 : 1e-6);
      for (; circuit.isOpen; await settle()) {
        await pass(30_000);
        ask();
        await pass();
      }
      await pass(10_000);
      expect(vi.getTimerCount()).toBe(0);
      asked.length = 0;
      for (let at = 0; at < burst + 3; at += 1) ask();
      await pass();
      expect(asked).toHaveLength(Math.min(burst, concurrency));
      for (const caller of callers) caller.abort(notNeeded());
      await settle();
    }),
    { numRuns: 150 },
  );
});
