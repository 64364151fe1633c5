import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import type { Layer } from '../../../src/sources/layer.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { FakeStore, read } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('the time-out of a query', () => timeout('shop'));
layerSuite('the time-out of an attempt', () => attemptTimeout('shop', 400));

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const QUERY = { op: 'get', params: {}, want: 'items' } as const;

describe.each<[string, Layer, number]>([
  ['a query has until its deadline', timeout('shop'), 1000],
  ['an attempt has its own time', attemptTimeout('shop', 400), 400],
  ['an attempt has until the deadline of its query', attemptTimeout('shop', 4000), 1000],
])('%s', (_name, layer, milliseconds) => {
  const start = () => {
    const store = new FakeStore();
    return { store, asked: layer.wrap(store.fetch)(QUERY, context({ deadline: performance.now() + 1000 })) };
  };

  it('and is TIMEOUT then, the call of the store ended', async () => {
    const { store, asked } = start();
    const late = expect(asked).rejects.toMatchObject({ code: 'TIMEOUT', source: 'shop' });
    await vi.advanceTimersByTimeAsync(milliseconds - 1);
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await late;
    expect(store.calls[0]?.context.signal.reason).toMatchObject({ code: 'TIMEOUT' });
  });

  it('and the store is told that instant', () => {
    const { store } = start();
    expect(store.calls[0]?.context.deadline).toBe(performance.now() + milliseconds);
  });

  it('and what is open by then may take its time', async () => {
    const { store, asked } = start();
    await vi.advanceTimersByTimeAsync(milliseconds - 1);
    store.calls[0]?.answer(['a', 'b']);
    const payload = await asked;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await read(payload)).toEqual(['a', 'b']);
  });
});

describe.each<[string, Layer, number]>([
  ['of a query ends', timeout('shop'), 700],
  ['of an attempt ends no later than its own time', attemptTimeout('shop', 400), 400],
])('the time %s where a deadline has grown', (_name, layer, milliseconds) => {
  it.each([
    ['as often as it grows', [300, 700, 500]],
    ['no further than it may', [300, 9000]],
  ])('%s', async (_often, growth) => {
    const started = performance.now();
    const deadline = new GrowingDeadline(started + 100, started + 700);
    const store = new FakeStore();
    const asked = layer.wrap(store.fetch)(QUERY, context({ deadline }));
    const late = expect(asked).rejects.toMatchObject({ code: 'TIMEOUT', source: 'shop' });
    const seen = store.calls[0]?.context;
    expect(seen?.deadline).toBe(started + milliseconds);
    for (const until of growth) {
      await vi.advanceTimersByTimeAsync(50);
      deadline.extend(started + until);
    }
    await vi.advanceTimersByTimeAsync(started + milliseconds - 1 - performance.now());
    expect(seen?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await late;
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('one timer is enough for all calls, each of which has its own time', async () => {
  const store = new FakeStore();
  const fetch = timeout('shop').wrap(store.fetch);
  const started = performance.now();
  const after = async (milliseconds: number): Promise<number> => {
    await fetch(QUERY, context({ deadline: started + milliseconds })).catch(() => {});
    return Math.round(performance.now() - started);
  };
  const ended = [300, 100, 50, 200, 100].map(after);
  expect(vi.getTimerCount()).toBe(1);
  store.calls[2]?.answer(['x']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await Promise.all(ended)).toEqual([300, 100, 0, 200, 100]);
  expect(vi.getTimerCount()).toBe(0);
});

it('its timer is never set for less than no time, also where a deadline has grown and passed before it is looked at', async () => {
  const store = new FakeStore();
  const started = performance.now();
  const deadline = new GrowingDeadline(started + 100, started + 700);
  const late = expect(timeout('shop').wrap(store.fetch)(QUERY, context({ deadline }))).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  deadline.extend(started + 150);
  const now = performance.now.bind(performance);
  // The event loop is blocked meanwhile.
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 100);
  const set = vi.spyOn(globalThis, 'setTimeout');
  await vi.advanceTimersByTimeAsync(101);
  await late;
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0]);
  vi.restoreAllMocks();
});

it('an attempt tells its time', () => {
  expect(attemptTimeout('shop', 400).bounds?.(QUERY, NOBODY)).toEqual({ timeoutMs: 400 });
});
