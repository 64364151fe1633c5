import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodapError, notNeeded, tooLate, type Code } from '../../../src/errors.ts';
import { Circuit } from '../../../src/sources/circuit.ts';
import { stack } from '../../../src/sources/layer.ts';
import { breaker, judge } from '../../../src/sources/layers/breaker.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { FakeStore } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

/** Milliseconds of every source here; no attempt has a time-out of its own, unless told. */
const WHOLE = 2000;
const OPTIONS = { name: 'shop', ratio: 0.5, calls: 20, openMs: 5000, wholeMs: WHOLE };
const DOWN = new CodapError('UNAVAILABLE', 'down');

/** A circuit that has just opened, whose pause is over. */
function due(): Circuit {
  const circuit = new Circuit({ ...OPTIONS, openMs: 1, calls: 1 });
  circuit.failed(circuit.era, new CodapError('UNAVAILABLE', 'down'));
  vi.advanceTimersByTime(1);
  return circuit;
}

/** The layers of a breaker, around what stands between them. */
function around(circuit: Circuit, between = limit({ name: 'shop', concurrency: 1, queue: 1 })) {
  return { ...between, wrap: (next) => stack(next, [breaker(circuit), between, judge(circuit)]) } as typeof between;
}

layerSuite('a breaker', () => breaker(new Circuit(OPTIONS)));
layerSuite('what judges for a breaker', () => judge(new Circuit(OPTIONS)));
layerSuite('a breaker around a limit', () => around(new Circuit(OPTIONS)));
layerSuite('a breaker that probes', () => around(due()));

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A source with a breaker; its store answers when it is told. */
function shop({
  concurrency = 1000,
  queue = 1000,
  attemptMs,
  ...own
}: Partial<Circuit['options']> & { concurrency?: number; queue?: number; attemptMs?: number } = {}) {
  const changes: boolean[] = [];
  const options = { ...OPTIONS, ...(attemptMs !== undefined && { wholeMs: attemptMs }), ...own };
  const circuit = new Circuit(options, (failure) => changes.push(failure !== undefined));
  const store = new FakeStore();
  const gate = breaker(circuit);
  const fetch = stack(store.fetch, [
    timeout('shop'),
    gate,
    limit({ name: 'shop', concurrency, queue }),
    judge(circuit),
    ...(attemptMs === undefined ? [] : [attemptTimeout('shop', attemptMs)]),
  ]);
  const ask = (withinMs = WHOLE, own: Partial<LayerContext> = {}, want: Payload['kind'] = 'value') =>
    fetch({ op: 'get', params: {}, want }, context({ deadline: performance.now() + withinMs, ...own }));
  const settled = async (asked: Promise<Payload>): Promise<Code | 'ok'> =>
    asked.then(
      () => 'ok',
      (error: CodapError) => error.code,
    );
  /** Asks once, and has the store answer in this way: with a failure, or well. */
  const once = async (failure?: unknown): Promise<Code | 'ok'> => {
    const before = store.calls.length;
    const asked = settled(ask());
    await vi.advanceTimersByTimeAsync(0);
    const call = store.calls[before];
    if (failure === undefined) call?.answer(['a']);
    else call?.fail(failure);
    return asked;
  };
  const times = async (count: number, failure?: unknown): Promise<void> => {
    for (let time = 0; time < count; time += 1) await once(failure);
  };
  return { circuit, store, changes, ask, settled, once, times, isOpen: () => gate.state?.()['open'] === 1 };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('a circuit opens', () => {
  it('at the twentieth of attempts that all fail, and not before', async () => {
    const { times, isOpen, once, store } = shop();
    await times(19, DOWN);
    expect(isOpen()).toBe(false);
    await times(1, DOWN);
    expect(isOpen()).toBe(true);
    expect(await once()).toBe('CIRCUIT_OPEN');
    expect(store.calls).toHaveLength(20);
  });

  it.each([
    [30, 29, false],
    [30, 30, true],
    [0, 19, false],
    [0, 20, true],
    [1000, 999, false],
  ])('after %i that were answered and %i that were not: %s', async (answered, failed, open) => {
    const { times, isOpen } = shop();
    await times(answered);
    await times(failed, DOWN);
    expect(isOpen()).toBe(open);
  });

  it('at a failure, not where the attempt that makes their number enough is answered', async () => {
    const { times, once, isOpen } = shop({ calls: 5 });
    await times(4, DOWN);
    expect(await once()).toBe('ok');
    expect(isOpen()).toBe(false);
    await once(DOWN);
    expect(isOpen()).toBe(true);
  });

  it('by what happened in the last ten seconds alone', async () => {
    const { times, isOpen } = shop();
    await times(19, DOWN);
    await pass(10_500);
    await times(19, DOWN);
    expect(isOpen()).toBe(false);
    await times(1, DOWN);
    expect(isOpen()).toBe(true);
  });

  it('by its own share and number', async () => {
    const { times, isOpen } = shop({ ratio: 1, calls: 3 });
    await times(1);
    await times(9, DOWN);
    expect(isOpen()).toBe(false);
    await pass(10_500);
    await times(3, DOWN);
    expect(isOpen()).toBe(true);
  });

  it('by attempts that had all of the source’s time and were not answered in it', async () => {
    const { ask, settled, isOpen, store } = shop();
    const asked = Array.from({ length: 20 }, () => settled(ask()));
    await pass(WHOLE);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['TIMEOUT']));
    expect(isOpen()).toBe(true);
    expect(store.calls).toHaveLength(20);
  });

  it('by those that had all of an attempt’s time, where that is set, whatever the query has left', async () => {
    const { ask, settled, isOpen } = shop({ attemptMs: 300 });
    const asked = Array.from({ length: 20 }, () => settled(ask(400)));
    await pass(300);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['TIMEOUT']));
    expect(isOpen()).toBe(true);
  });

  it('by those of a batch with the source’s own time, which spends some of it before it asks', async () => {
    const { ask, settled, isOpen } = shop();
    const asked = Array.from({ length: 20 }, () => settled(ask(WHOLE - 50)));
    await pass(WHOLE);
    await Promise.all(asked);
    expect(isOpen()).toBe(true);
  });

  it('by those whose deadline has grown to the whole time while others joined', async () => {
    const { ask, settled, isOpen } = shop();
    const started = performance.now();
    const deadlines = Array.from({ length: 20 }, () => new GrowingDeadline(started + 100, started + WHOLE));
    const asked = deadlines.map((deadline) => settled(ask(0, { deadline })));
    await pass(50);
    for (const deadline of deadlines) deadline.extend(started + WHOLE);
    await pass(WHOLE);
    await Promise.all(asked);
    expect(isOpen()).toBe(true);
  });

  it('by no connection and 5xx, however little time there was', async () => {
    const { ask, settled, isOpen, store } = shop();
    for (let time = 0; time < 20; time += 1) {
      const asked = settled(ask(1));
      store.calls.at(-1)?.fail(DOWN);
      expect(await asked).toBe('UNAVAILABLE');
    }
    expect(isOpen()).toBe(true);
  });

  it('by what a driver throws, which is the store’s', async () => {
    const { times, isOpen } = shop();
    await times(20, new Error('a socket’s own'));
    expect(isOpen()).toBe(true);
  });

  it.each(['items', 'body'] as const)('by no failure after %s have opened', async (want) => {
    const { ask, store, isOpen } = shop();
    for (let time = 0; time < 20; time += 1) {
      const asked = ask(WHOLE, {}, want);
      store.calls.at(-1)?.answer(['a'], DOWN);
      const payload = await asked;
      const reading = async () => {
        for await (const _ of payload.kind === 'items' ? payload.items : payload.kind === 'body' ? payload.stream : []);
      };
      await expect(reading()).rejects.toBe(DOWN);
    }
    expect(isOpen()).toBe(false);
  });
});

describe('a circuit stays closed', () => {
  const answers: readonly Code[] = ['NOT_FOUND', 'INVALID', 'FORBIDDEN', 'BAD_RESPONSE', 'TOO_LARGE', 'OVERLOADED'];
  it.each(answers)('where the store answers %s: that is an answer', async (code) => {
    const { times, once, isOpen, circuit } = shop();
    await times(100, new CodapError(code, 'as the store says'));
    await times(99, DOWN);
    expect(isOpen()).toBe(false);
    expect(circuit.era).toBe(0);
    expect(await once(DOWN)).toBe('UNAVAILABLE');
    expect(isOpen()).toBe(true);
  });

  it.each<[string, CodapError | TypeError]>([
    ['codap itself had no room', new CodapError('OVERLOADED', 'full', { rejected: true })],
    ['codap itself found no time', tooLate('shop', true)],
    ['codap is at fault', new TypeError('a bug')],
    ['nobody needs it', notNeeded()],
    ['a time-out came before the whole time', tooLate('shop')],
  ])('where %s, and that is no attempt at all', async (_what, failure) => {
    const { times, isOpen } = shop();
    await times(1000, failure);
    await times(19, DOWN);
    expect(isOpen()).toBe(false);
    await times(1, DOWN);
    expect(isOpen()).toBe(true);
  });

  it.each([1, 100, 1500])('for all who asked for %i ms, as often as they like', async (withinMs) => {
    const { ask, settled, isOpen, store, once } = shop();
    for (let time = 0; time < 50; time += 1) {
      const asked = settled(ask(withinMs));
      await pass(withinMs);
      expect(await asked).toBe('TIMEOUT');
    }
    expect(store.calls).toHaveLength(50);
    expect(isOpen()).toBe(false);
    expect(await once()).toBe('ok');
  });

  it('for those who asked for little and were told late, because the event loop was held up', async () => {
    const { ask, settled, isOpen } = shop();
    const asked = Array.from({ length: 50 }, () => settled(ask(1)));
    // Time passes, and no timer fires meanwhile.
    const held = performance.now() + 2 * WHOLE;
    const now = vi.spyOn(performance, 'now').mockReturnValue(held);
    await pass(1);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['TIMEOUT']));
    now.mockRestore();
    expect(isOpen()).toBe(false);
  });

  it.each([
    ['left', notNeeded()],
    ['left with a reason of another kind', new DOMException('gone', 'AbortError')],
    ['left because something else failed', DOWN],
  ])('for those who %s, even at the last moment', async (_what, reason) => {
    const { ask, isOpen } = shop();
    const leaving = new AbortController();
    const asked = Array.from({ length: 50 }, () => ask(WHOLE, { signal: leaving.signal }));
    const left = Promise.allSettled(asked);
    await pass(WHOLE - 1);
    leaving.abort(reason);
    await left;
    expect(isOpen()).toBe(false);
  });

  it('for those who waited for a place until their time was over', async () => {
    const { ask, settled, isOpen, store } = shop({ concurrency: 1 });
    const first = settled(ask());
    const others = Array.from({ length: 50 }, () => settled(ask()));
    await pass(WHOLE - 1);
    store.calls[0]?.answer(['a']);
    expect(await first).toBe('ok');
    await pass(1);
    await Promise.all(others);
    expect(isOpen()).toBe(false);
  });
});

describe('an open circuit', () => {
  const opened = async (own: Parameters<typeof shop>[0] = {}) => {
    const made = shop(own);
    await made.times(20, DOWN);
    expect(made.isOpen()).toBe(true);
    return made;
  };

  it('turns away at once, and says for how long', async () => {
    const { ask, store } = await opened();
    await pass(1500);
    await expect(ask()).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      source: 'shop',
      rejected: true,
      retryable: true,
      retryAfterMs: 3500,
    });
    expect(store.calls).toHaveLength(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('turns away those, too, who waited for a place when it opened', async () => {
    const { ask, settled, store } = shop({ concurrency: 20 });
    const asked = Array.from({ length: 30 }, () => settled(ask()));
    for (const call of store.calls) call.fail(DOWN);
    const codes = await Promise.all(asked);
    expect(codes.filter((code) => code === 'CIRCUIT_OPEN')).toHaveLength(10);
    expect(store.calls).toHaveLength(20);
  });

  it('lets one probe through after its pause, and turns the others away meanwhile', async () => {
    const { ask, settled, store, isOpen } = await opened();
    await pass(4999);
    expect(await settled(ask())).toBe('CIRCUIT_OPEN');
    await pass(1);
    const probe = settled(ask());
    await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: WHOLE });
    expect(store.calls).toHaveLength(21);
    expect(isOpen()).toBe(true);
    store.calls.at(-1)?.answer(['a']);
    expect(await probe).toBe('ok');
    expect(isOpen()).toBe(false);
  });

  it('closes with the first probe that is answered, all counts at zero, its first pause as at first', async () => {
    const { times, once, isOpen, changes } = await opened();
    await pass(5000);
    await once(DOWN);
    await pass(10_500);
    expect(await once()).toBe('ok');
    await times(19, DOWN);
    expect(isOpen()).toBe(false);
    await times(1, DOWN);
    expect(changes).toEqual([true, false, true]);
    await pass(5000);
    expect(await once()).toBe('ok');
  });

  it.each<[string, unknown]>([
    ['404', new CodapError('NOT_FOUND', 'no such thing')],
    ['429', new CodapError('OVERLOADED', 'slow down')],
  ])('closes with a probe that is answered %s', async (_what, failure) => {
    const { once, isOpen } = await opened();
    await pass(5000);
    await once(failure);
    expect(isOpen()).toBe(false);
  });

  it('doubles its pause with each probe that fails, up to 30 s', async () => {
    const { once, ask, settled, changes } = await opened();
    for (const pauseMs of [5000, 10_000, 20_000, 30_000, 30_000]) {
      await pass(pauseMs - 1);
      expect(await settled(ask())).toBe('CIRCUIT_OPEN');
      await pass(1);
      expect(await once(DOWN)).toBe('UNAVAILABLE');
    }
    expect(changes).toEqual([true]);
  });

  it('keeps a first pause that is longer than 30 s', async () => {
    const { once } = await opened({ openMs: 60_000 });
    await pass(60_000);
    expect(await once(DOWN)).toBe('UNAVAILABLE');
    await pass(59_999);
    expect(await once()).toBe('CIRCUIT_OPEN');
    await pass(1);
    expect(await once()).toBe('ok');
  });

  it('learns from a probe that was not answered within the whole time', async () => {
    const { ask, settled, once } = await opened();
    await pass(5000);
    const probe = settled(ask());
    await pass(WHOLE);
    expect(await probe).toBe('TIMEOUT');
    expect(await once()).toBe('CIRCUIT_OPEN');
    await pass(10_500);
    expect(await once()).toBe('ok');
  });

  it('learns nothing from a probe that had less time, and lets the next one go', async () => {
    const { ask, settled, once } = await opened();
    await pass(5000);
    for (let time = 0; time < 3; time += 1) {
      const probe = settled(ask(10));
      await pass(10);
      expect(await probe).toBe('TIMEOUT');
    }
    expect(await once()).toBe('ok');
  });

  it('nor from one whose caller left', async () => {
    const { ask, settled, once } = await opened();
    await pass(5000);
    const leaving = new AbortController();
    const probe = settled(ask(WHOLE, { signal: leaving.signal }));
    leaving.abort(notNeeded());
    expect(await probe).toBe('CANCELLED');
    await pass(0);
    expect(await once()).toBe('ok');
  });

  it('nor from one that found no place', async () => {
    const { ask, settled, store, once } = shop({ concurrency: 1, queue: 0, calls: 1 });
    const lingering = Promise.withResolvers<void>();
    const first = settled(ask());
    store.calls[0]?.context.lingers?.(lingering.promise);
    store.calls[0]?.fail(DOWN);
    expect(await first).toBe('UNAVAILABLE');
    await pass(5000);
    expect(await once()).toBe('OVERLOADED');
    lingering.resolve();
    await pass(0);
    expect(await once()).toBe('ok');
  });

  it('is closed by a probe with little time, if that is answered in it', async () => {
    const { ask, settled, store, isOpen } = await opened();
    await pass(5000);
    const probe = settled(ask(1));
    store.calls.at(-1)?.answer(['a']);
    expect(await probe).toBe('ok');
    expect(isOpen()).toBe(false);
  });

  it('hears nothing of attempts that began before it opened, nor when it has closed again', async () => {
    const { ask, settled, store, times, once, isOpen } = shop({ openMs: 100 });
    const slow = Array.from({ length: 100 }, () => settled(ask()));
    await times(20, DOWN);
    store.calls[0]?.answer(['a']);
    expect(await slow[0]).toBe('ok');
    expect(isOpen()).toBe(true);
    await pass(100);
    expect(await once()).toBe('ok');
    await pass(WHOLE);
    await Promise.all(slow);
    expect(isOpen()).toBe(false);
  });
});

it('a dead store is asked by nobody but the probes: 20 calls, then five in a minute of any load', async () => {
  const { ask, settled, store } = shop();
  const codes = new Map<string, number>();
  for (let at = 0; at < 60_000; at += 100) {
    void settled(ask()).then((code) => codes.set(code, (codes.get(code) ?? 0) + 1));
    await pass(100);
  }
  await pass(WHOLE);
  // Within the first two seconds nobody knows: the first twenty have not been answered yet.
  expect(store.calls.length).toBeLessThanOrEqual(2 * 20 + 5);
  expect(codes.get('CIRCUIT_OPEN')).toBe(600 - store.calls.length);
});

it('a breaker tells when it opens', () => {
  expect(breaker(new Circuit(OPTIONS)).bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY)).toEqual({
    ratio: 0.5,
    calls: 20,
    openMs: 5000,
  });
});
