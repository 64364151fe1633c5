import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Work } from '../../../src/budget/work.ts';
import { notNeeded } from '../../../src/errors.ts';
import { keyOf } from '../../../src/sources/key.ts';
import { stack, type Layer } from '../../../src/sources/layer.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import { GrowingDeadline, instantOf } from '../../../src/store/deadline.ts';
import type { Context } from '../../../src/store/fetch.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { untilAborted } from '../../../src/store/signals.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore, read } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

/** A call that several wait for, until the last of them has left. */
interface Shared {
  readonly payload: Promise<Payload>;
  readonly deadline: GrowingDeadline;
  readonly controller: AbortController;
  waiting: number;
}

/** A layer as others may write one: who asks what somebody else is asking waits for the same answer. */
function sharing(timeoutMs: number): Layer {
  const calls = new Map<string, Shared>();
  return {
    name: 'sharing',
    state: () => ({ calls: calls.size }),
    wrap: (next) => async (query, context) => {
      const key = query.want === 'value' ? keyOf(query, context.caller) : undefined;
      if (key === undefined) return next(query, context);
      if (context.signal.aborted) throw context.signal.reason;
      const begin = (): Shared => {
        const controller = new AbortController();
        const deadline = new GrowingDeadline(instantOf(context.deadline), performance.now() + 2 * timeoutMs);
        const memory = context.memory.ofAll();
        const own: Context = { ...context, signal: controller.signal, deadline, memory, work: new Work(Infinity) };
        const payload = next(query, own).finally(() => {
          if (calls.get(key)?.payload === payload) calls.delete(key);
          memory.close();
        });
        return { payload, deadline, controller, waiting: 0 };
      };
      const call = calls.get(key) ?? begin();
      calls.set(key, call);
      call.deadline.extend(instantOf(context.deadline));
      call.waiting += 1;
      try {
        return await untilAborted(context.signal, () => call.payload);
      } finally {
        call.waiting -= 1;
        if (call.waiting === 0) {
          if (calls.get(key) === call) calls.delete(key);
          call.controller.abort(context.signal.aborted ? context.signal.reason : notNeeded());
        }
      }
    },
  };
}

layerSuite('one that shares calls', () => sharing(2000), { shares: true });

describe.each([
  ['with the time of a query alone', []],
  ['with that of an attempt, too', [attemptTimeout('shop', 1500)]],
])('a call that several wait for, %s,', (_name, attempt) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  function shop() {
    const store = new FakeStore();
    const layers = [
      timeout('shop'),
      sharing(2000),
      limit({ name: 'shop', concurrency: 1, queue: 9 }),
      ...attempt,
      prime,
    ];
    const fetch = stack(store.fetch, layers);
    const ask = (withinMs: number, own: Partial<Context> = {}) =>
      fetch(
        { op: 'get', params: { key: 'a' }, want: 'value' },
        context({ deadline: performance.now() + withinMs, ...own }),
      );
    return { store, ask };
  }

  it('goes on to the latest of their deadlines, each of them no longer than to its own', async () => {
    const { store, ask } = shop();
    const late = expect(ask(100)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await vi.advanceTimersByTimeAsync(50);
    const inTime = ask(300);
    await vi.advanceTimersByTimeAsync(50);
    await late;
    await vi.advanceTimersByTimeAsync(200);
    expect(store.calls).toHaveLength(1);
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    store.calls[0]?.answer(['x']);
    expect(await read(await inTime)).toEqual(['x']);
  });

  it('ends with the deadline of the last who waits', async () => {
    const { store, ask } = shop();
    const first = expect(ask(300)).rejects.toMatchObject({ code: 'TIMEOUT' });
    const second = expect(ask(100)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await vi.advanceTimersByTimeAsync(299);
    await second;
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await first;
    expect(store.calls[0]?.context.signal.reason).toMatchObject({ code: 'TIMEOUT' });
  });

  it('ends when the last who waits leaves, and not before', async () => {
    const { store, ask } = shop();
    const leaving = [new AbortController(), new AbortController()];
    const asked = leaving.map(({ signal }) => ask(1000, { signal }).catch((error: unknown) => error));
    await vi.waitFor(() => expect(store.calls).toHaveLength(1));
    leaving[0]?.abort(notNeeded());
    expect(await asked[0]).toMatchObject({ code: 'CANCELLED' });
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    leaving[1]?.abort(notNeeded());
    expect(await asked[1]).toMatchObject({ code: 'CANCELLED' });
    expect(store.calls[0]?.context.signal.aborted).toBe(true);
  });

  it('is that of no caller whom the source sees otherwise', async () => {
    const { store, ask } = shop();
    const asked = ['a', 'b'].map((accept) => ask(1000, { caller: { headers: { accept } } }));
    for (const [at, answer] of ['x', 'y'].entries()) {
      await vi.waitFor(() => expect(store.calls.length).toBeGreaterThan(at));
      store.calls[at]?.answer([answer]);
    }
    expect(await Promise.all(asked.map(async (one) => read(await one)))).toEqual([['x'], ['y']]);
  });
});
