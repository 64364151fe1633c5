import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError } from '../../src/errors.ts';
import { type Layer, stack } from '../../src/sources/layer.ts';
import { attempt } from '../../src/sources/layers/attempt.ts';
import { coalesce } from '../../src/sources/layers/coalesce.ts';
import { hedge } from '../../src/sources/layers/hedge.ts';
import { limit } from '../../src/sources/layers/limit.ts';
import { retry } from '../../src/sources/layers/retry.ts';
import type { CallTrace } from '../../src/store/call-trace.ts';
import type { LayerContext } from '../../src/sources/layer-context.ts';
import { context } from '../adapters/source.ts';
import { FakeStore, read } from '../layer-suite/fake-store.ts';
import { rated } from '../layer-suite/rated.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A source whose calls wait until a test answers them; `took`: whose they are, in their order. */
function shop(below: readonly Layer[]) {
  const store = new FakeStore();
  const layer = coalesce(5000);
  const fetch = stack(store.fetch, [layer, ...below]);
  const ask = (key: string, name: string, own: Partial<LayerContext> = {}) =>
    fetch({ op: 'get', params: key, want: 'value' }, context({ caller: { name, headers: {} }, ...own })).then(
      read,
      ({ code }: CodapError) => [code],
    );
  const took = () => store.calls.map(({ query, context: { caller } }) => `${String(query.params)} of ${caller.name}`);
  const answerAll = async (): Promise<void> => {
    for (let calls = 0; calls < store.calls.length; await pass(100)) store.calls[calls++]?.answer(['ok']);
  };
  return { store, layer, ask, took, answerAll };
}

function hedgedLimit(): Layer {
  const layers = [hedge({ percentile: 0.92, budget: 0.1 }), limit({ name: 'shop', concurrency: 1, queue: 100 })];
  return { name: 'hedged', wrap: (next) => stack(next, layers) };
}

describe.each([
  ['place', () => limit({ name: 'shop', concurrency: 1, queue: 100 })],
  ['place, and is hedged,', () => hedgedLimit()],
  ['token', () => rated({ perSecond: 10, burst: 1 })],
])('a call that waits in its caller’s line for a %s', (_what, layer) => {
  it('is one of that caller’s queries alone: others go in their own turns', async () => {
    const { ask, took, answerAll } = shop([layer()]);
    const asked = ['first', 'a', 'b', 'c', 'x'].map((key) => ask(key, 'greedy'));
    asked.push(...['modest', 'modest', 'greedy', 'other'].map((name) => ask('x', name)));
    await answerAll();
    expect(new Set((await Promise.all(asked)).flat())).toEqual(new Set(['ok']));
    expect(took()).toEqual([
      'first of greedy',
      'a of greedy',
      'x of modest',
      'x of other',
      'b of greedy',
      'c of greedy',
      'x of greedy',
    ]);
  });

  it('is shared with everybody once its turn has come', async () => {
    const { store, layer: coalescing, ask, took, answerAll } = shop([layer()]);
    const asked = ['first', 'x'].map((key) => ask(key, 'greedy'));
    store.calls[0]?.answer(['ok']);
    await pass(100);
    asked.push(ask('x', 'modest'));
    await answerAll();
    await Promise.all(asked);
    expect(took()).toEqual(['first of greedy', 'x of greedy']);
    expect(coalescing.state?.()).toEqual({ coalesced: 1 });
  });
});

it.each([
  ['more time than that had', [50, 2000], ['OVERLOADED', 'ok'], 1, 0],
  ['more time, all in one call', [50, 300, 2000, 1000], ['OVERLOADED', 'ok', 'ok', 'ok'], 1, 2],
  ['more time, but not enough', [50, 60, 90, 40], ['OVERLOADED', 'OVERLOADED', 'OVERLOADED', 'OVERLOADED'], 0, 2],
  ['no more time', [50, 50, 40], ['OVERLOADED', 'OVERLOADED', 'OVERLOADED'], 0, 2],
])(
  'a call that is turned away for its first one’s time is asked again for who has %s, who then has not joined it',
  async (_who, times, told, calls, coalesced) => {
    const { store, layer, ask, answerAll } = shop([rated({ perSecond: 10, burst: 1 })]);
    const first = ask('first', 'one');
    const now = performance.now();
    const asked = times.map((ms) => ask('x', 'one', { deadline: now + ms }));
    await pass();
    await answerAll();
    expect((await Promise.all(asked)).flat()).toEqual(told);
    expect([await first, store.calls.length]).toEqual([['ok'], 1 + calls]);
    expect(layer.state?.()).toEqual({ coalesced });
  },
);

it('a call that a bound turns away which has fallen below what is held is asked again for all who have more time', async () => {
  const { store, ask, answerAll } = shop([]);
  const memory = processMemory(100);
  memory.hold(60);
  const asked = [1000, 2000, 3000].map((ms) =>
    ask('x', 'one', { memory: memory.part(), deadline: performance.now() + ms }),
  );
  memory.most = 10;
  store.calls[0]?.fail(new CodapError('OVERLOADED', 'full', { rejected: true }));
  await pass();
  await answerAll();
  expect((await Promise.all(asked)).flat()).toEqual(['OVERLOADED', 'ok', 'ok']);
  expect(memory.held).toBe(60);
});

describe('a call that comes back into a line, to be tried again,', () => {
  async function triedAgain(own: Partial<LayerContext> = {}, signal = new AbortController().signal) {
    const made = shop([
      retry({ attempts: 2, budget: 1, perSecond: 1 }),
      limit({ name: 'shop', concurrency: 1, queue: 100 }),
      attempt,
    ]);
    const { store, ask } = made;
    const first = ask('x', 'greedy', { signal });
    const joined = ask('x', 'modest', own);
    const others = ['a', 'b', 'c'].map((key) => ask(key, 'greedy'));
    store.calls[0]?.fail(new CodapError('UNAVAILABLE', 'down'));
    return { ...made, first, joined, others };
  }

  it('is left to its caller’s: others who wait for it ask in their own turns', async () => {
    const trace: CallTrace = { attempts: [] };
    const asked = { at: -1 };
    const began = performance.now();
    const { layer, first, joined, others, took, answerAll } = await triedAgain({ trace, asked });
    await pass(20);
    await answerAll();
    expect(await Promise.all([first, joined, ...others])).toEqual(Array.from({ length: 5 }, () => ['ok']));
    expect(took()).toEqual(['x of greedy', 'a of greedy', 'b of greedy', 'x of modest', 'c of greedy', 'x of greedy']);
    // Its own attempt alone, which was the fourth.
    const left = began + 220;
    expect(trace).toMatchObject({ attempts: [{ started: left, ended: left + 100 }] });
    expect([trace.shared, layer.state?.()]).toEqual([undefined, { coalesced: 0 }]);
    expect(asked.at).toBe(left);
  });

  it('ends where nobody else waits for it', async () => {
    const leaving = new AbortController();
    const { first, joined, took, answerAll } = await triedAgain({}, leaving.signal);
    leaving.abort(new CodapError('CANCELLED', 'left'));
    await pass(20);
    await answerAll();
    expect([await first, await joined]).toEqual([['CANCELLED'], ['ok']]);
    expect(took().filter((call) => call.startsWith('x'))).toEqual(['x of greedy', 'x of modest']);
  });
});
