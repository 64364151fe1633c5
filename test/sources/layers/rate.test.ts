import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodapError, notNeeded, tooLate } from '../../../src/errors.ts';
import { Circuit } from '../../../src/sources/circuit.ts';
import { stack } from '../../../src/sources/layer.ts';
import { judge } from '../../../src/sources/layers/breaker.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { rate } from '../../../src/sources/layers/rate.ts';
import { timeout } from '../../../src/sources/layers/timeout.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { FakeStore } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';
import { rated } from '../../layer-suite/rated.ts';

layerSuite('a rate', () => rated({ perSecond: 50, burst: 10 }));

const DOWN = new CodapError('UNAVAILABLE', 'down');

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/** A source whose store answers at once, and when each call came to it: milliseconds from now. */
function shop(options: Parameters<typeof rated>[0], above = [timeout('shop')]) {
  const layer = rated(options);
  const store = new FakeStore();
  const began = performance.now();
  const reached: [key: unknown, ms: number][] = [];
  const fetch = stack(
    (query, context) => {
      reached.push([query.params, performance.now() - began]);
      const asked = store.fetch(query, context);
      store.calls.at(-1)?.answer(['a']);
      return asked;
    },
    [...above, layer],
  );
  const ask = (key: unknown, withinMs = 2000, own: Partial<LayerContext> = {}) =>
    fetch({ op: 'get', params: key, want: 'value' }, context({ deadline: performance.now() + withinMs, ...own })).then(
      () => 'ok',
      (error: CodapError) => error,
    );
  return { ask, reached, keys: () => reached.map(([key]) => key), queued: () => layer.state?.()['queued'] };
}

describe('50 a second with a burst of 10', () => {
  it.each([60, 500])('under %i a second: 50 a second over ten seconds, in their order', async (load) => {
    const { ask, reached, keys } = shop({ perSecond: 50, burst: 10 });
    const refused: CodapError[] = [];
    const everyMs = 1000 / load;
    let key = 0;
    for (let at = 0; at < 10_000; at += 2) {
      for (; key * everyMs <= at; key += 1)
        void ask(key).then((answer) => typeof answer === 'string' || refused.push(answer));
      await pass(2);
    }
    const inTime = reached.length;
    expect(inTime).toBeGreaterThan(0.95 * 500);
    expect(inTime).toBeLessThan(1.05 * 500);
    expect(keys()).toEqual(keys().toSorted((a, b) => Number(a) - Number(b)));
    // In no window more than the burst and what comes in it.
    for (let from = 0; from + 50 < reached.length; from += 1)
      expect(reached[from + 50]![1] - reached[from]![1]).toBeGreaterThanOrEqual(20 * (50 - 10) - 1);
    expect(refused.length).toBeGreaterThan(0.8 * (key - inTime - 60));
    for (const { code, source, rejected, retryable, retryAfterMs } of refused) {
      expect({ code, source, rejected, retryable }).toEqual({
        code: 'OVERLOADED',
        source: 'shop',
        rejected: true,
        retryable: true,
      });
      // Half of two seconds was too little.
      expect(retryAfterMs).toBeGreaterThan(1000);
      expect(retryAfterMs).toBeLessThanOrEqual(1020);
    }
    await pass(2000);
  });

  it('lets through at once what the bucket holds, and after a pause no more than that', async () => {
    const { ask, reached } = shop({ perSecond: 50, burst: 10 });
    for (let key = 0; key < 12; key += 1) void ask(key);
    await pass(0);
    expect(reached).toHaveLength(10);
    await pass(60_000);
    for (let key = 0; key < 12; key += 1) void ask(key);
    await pass(0);
    expect(reached).toHaveLength(22);
    await pass(40);
    expect(reached.slice(22).map(([, ms]) => ms)).toEqual([60_020, 60_040]);
  });
});

it.each([
  [1, 50],
  [2, 300],
  [1, 0.5],
  [100, 5000],
])('with a burst of %i, %d a second is what comes through', async (burst, perSecond) => {
  const seconds = perSecond < 1 ? 100 : 2;
  const { ask, reached } = shop({ perSecond, burst });
  for (let at = 0; at < 1000 * seconds; at += 10) {
    // As many as can wait, and never fewer than come through.
    for (let more = 0; more <= perSecond / 50; more += 1) void ask(at, perSecond < 1 ? 8000 : 200);
    await pass(10);
  }
  expect(Math.abs(reached.length - burst - perSecond * seconds)).toBeLessThanOrEqual(1 + 0.02 * perSecond * seconds);
  await pass(4000);
});

describe('who waits', () => {
  const empty = async (perSecond = 10) => {
    const made = shop({ perSecond, burst: 1 });
    expect(await made.ask('first')).toBe('ok');
    return made;
  };

  it('waits for at most half of the time left, which is told at once', async () => {
    const { ask, keys } = await empty();
    expect(await ask('too short', 199)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 100 });
    const waiting = ask('long enough', 200);
    expect(await ask('behind', 399)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 200 });
    await pass(100);
    expect(await waiting).toBe('ok');
    expect(keys()).toEqual(['first', 'long enough']);
  });

  it('has the time that the deadline has by then, where it may grow', async () => {
    const { ask } = shop({ perSecond: 10, burst: 1 }, []);
    await ask('first');
    const deadline = new GrowingDeadline(performance.now() + 100, performance.now() + 5000);
    expect(await ask('alone', 0, { deadline })).toMatchObject({ code: 'OVERLOADED' });
    deadline.extend(performance.now() + 200);
    const joined = ask('joined', 0, { deadline });
    await pass(100);
    expect(await joined).toBe('ok');
  });

  it('leaves the turn to the next as soon as they have left', async () => {
    const { ask, reached, queued } = await empty();
    const leaving = new AbortController();
    const left = [ask('b', 2000, { signal: leaving.signal }), ask('c', 2000, { signal: leaving.signal })];
    const waiting = ask('d');
    expect(await ask('e', 600)).toMatchObject({ retryAfterMs: 400 });
    expect(queued()).toBe(3);
    leaving.abort(notNeeded());
    expect(await Promise.all(left)).toMatchObject([{ code: 'CANCELLED' }, { code: 'CANCELLED' }]);
    expect(queued()).toBe(1);
    const last = ask('e', 600);
    await pass(200);
    expect(await Promise.all([waiting, last])).toEqual(['ok', 'ok']);
    expect(reached).toEqual([
      ['first', 0],
      ['d', 100],
      ['e', 200],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not passed by one that comes when there is a token, but the timer is late', async () => {
    const { ask, keys } = shop({ perSecond: 10, burst: 2 });
    await Promise.all([ask('first'), ask('second')]);
    const asked = [ask('waits')];
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 350);
    asked.push(ask('comes'));
    await pass(100);
    now.mockRestore();
    await pass(1000);
    expect(await Promise.all(asked)).toEqual(['ok', 'ok']);
    expect(keys()).toEqual(['first', 'second', 'waits', 'comes']);
  });

  it('shares one timer with all others', async () => {
    const { ask } = await empty();
    const asked = Array.from({ length: 10 }, () => ask('x', 60_000));
    // That of the queries' own time beside it.
    expect(vi.getTimerCount()).toBe(1 + 1);
    await pass(1000);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['ok']));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes no token where nobody wants the answer any more', async () => {
    const { ask, keys } = await empty();
    await pass(100);
    expect(await ask('left', 2000, { signal: AbortSignal.abort(notNeeded()) })).toMatchObject({ code: 'CANCELLED' });
    expect(await ask('next', 1)).toBe('ok');
    expect(keys()).toEqual(['first', 'next']);
  });

  it('gets what came while the event loop was held up, but no more than the bucket holds and one', async () => {
    const { ask, reached } = await empty();
    const asked = Array.from({ length: 5 }, (_, at) => ask(at, 60_000));
    const held = performance.now() + 350;
    // Time passes, and no timer fires meanwhile.
    const now = vi.spyOn(performance, 'now').mockReturnValue(held);
    await pass(100);
    now.mockRestore();
    expect(reached).toHaveLength(1 + 2);
    await pass(1000);
    await Promise.all(asked);
    expect(reached).toHaveLength(1 + 5);
  });
});

describe('two callers of 50 a second', () => {
  it('each get what they ask for up to their half, however much the other one asks for', async () => {
    const { ask, reached } = shop({ perSecond: 50, burst: 10 });
    const answers = { greedy: [] as unknown[], modest: [] as unknown[] };
    const came = (name: keyof typeof answers): void => {
      const since = performance.now();
      void ask(name, 2000, { caller: { name, headers: {} } }).then((answer) =>
        answers[name].push(answer === 'ok' ? performance.now() - since : answer),
      );
    };
    for (let at = 0; at < 6000; at += 2) {
      came('greedy');
      if (at % 100 === 0) came('modest');
      await pass(2);
    }
    expect(reached.length).toBeGreaterThan(0.95 * 50 * 6);
    expect(answers.modest).toHaveLength(60);
    for (const ms of answers.modest) expect(ms).toBeLessThanOrEqual(60);
    // Who is passed by others waits for no more than half of the time for that: but for a turn.
    for (const ms of answers.greedy.filter((answer) => typeof answer === 'number'))
      expect(ms).toBeLessThanOrEqual(1000 + 20);
    await pass(2000);
    for (const refused of answers.greedy.filter((answer) => typeof answer !== 'number'))
      expect(refused).toMatchObject({ code: 'OVERLOADED', rejected: true });
  });
});

describe('at most `queue` wait', () => {
  const as = (name: string) => ({ caller: { name, headers: {} } });

  it('beyond that OVERLOADED, and told when all who wait will have gone', async () => {
    const { ask, keys, queued } = shop({ perSecond: 10, burst: 2, queue: 2 });
    const asked = [1, 2, 3, 4].map((key) => ask(key));
    expect(await ask(5)).toMatchObject({ code: 'OVERLOADED', rejected: true, retryAfterMs: 300 });
    expect(queued()).toBe(2);
    await pass(100);
    const later = ask(6);
    await pass(200);
    expect(await Promise.all([...asked, later])).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(keys()).toEqual([1, 2, 3, 4, 6]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and who has most waiting makes room for others', async () => {
    const { ask, keys, queued } = shop({ perSecond: 10, burst: 1, queue: 3 });
    const asked = ['g0', 'g1', 'g2', 'g3'].map((key) => ask(key, 2000, as('g')));
    const modest = ask('m0', 2000, as('m'));
    expect(await asked[3]).toMatchObject({ code: 'OVERLOADED', rejected: true, retryAfterMs: 400 });
    expect(await ask('g4', 2000, as('g'))).toMatchObject({ code: 'OVERLOADED' });
    // Whose own time would be too short turns nobody away.
    expect(await ask('n0', 10, as('n'))).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 300 });
    expect(queued()).toBe(3);
    await pass(300);
    expect(await Promise.all([...asked.slice(0, 3), modest])).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(keys()).toEqual(['g0', 'g1', 'm0', 'g2']);
  });

  it('nobody where that is 0: they have a token or not', async () => {
    const { ask } = shop({ perSecond: 10, burst: 1, queue: 0 });
    expect(await ask(1)).toBe('ok');
    expect(await ask(2)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 100 });
    await pass(100);
    expect(await ask(3)).toBe('ok');
  });
});

/** A rate of ten a second above a store that takes one call at a time. */
function withOnePlace(burst: number) {
  const store = new FakeStore();
  const fetch = stack(store.fetch, [
    rate({ name: 'shop', perSecond: 10, burst, queue: 1000 }),
    limit({ name: 'shop', concurrency: 1, queue: 1000 }),
    judge(new Circuit({ name: 'shop', ratio: 1, calls: 9, openMs: 1000, wholeMs: 2000 })),
  ]);
  return { store, fetch };
}

it('who comes while tokens are reserved is told as if they were taken at once', async () => {
  const { store, fetch } = withOnePlace(2);
  const leaving = new AbortController();
  const ask = (withinMs = 60_000) =>
    fetch(
      { op: 'get', params: {}, want: 'value' },
      context({ signal: leaving.signal, deadline: performance.now() + withinMs }),
    ).catch((error: unknown) => error);
  // One is at the store, two have reserved what the bucket gets by then, one waits for a token.
  const asked = [ask(), ask(), ask()];
  await pass(500);
  asked.push(ask());
  await pass(500);
  expect(store.calls).toHaveLength(1);
  expect(await ask(399)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 200 });
  expect(vi.getTimerCount()).toBe(0);
  leaving.abort(notNeeded());
  await Promise.all(asked);
  expect(vi.getTimerCount()).toBe(0);
});

it('who has waited for too long, since others had reserved all tokens, is OVERLOADED as their turn comes', async () => {
  const { store, fetch } = withOnePlace(1);
  const leaving = new AbortController();
  const ask = (own: Partial<LayerContext> = {}) =>
    fetch({ op: 'get', params: {}, want: 'value' }, context({ deadline: performance.now() + 2000, ...own })).catch(
      (error: unknown) => error,
    );
  void ask();
  await pass(100);
  const left = ask({ signal: leaving.signal });
  const late = ask();
  await pass(1500);
  leaving.abort(notNeeded());
  expect(await left).toMatchObject({ code: 'CANCELLED' });
  expect(await late).toMatchObject({ code: 'OVERLOADED', rejected: true, retryAfterMs: 1 });
  store.calls[0]?.answer(['x']);
  await pass(0);
  void ask();
  expect(store.calls).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});

describe('the token of who', () => {
  /** Two tokens, of which another query has one, and one place, which it has. */
  const taken = (queue = 1) => {
    const store = new FakeStore();
    const circuit = new Circuit({ name: 'shop', ratio: 1, calls: 1, openMs: 1000, wholeMs: 2000 });
    const limited = limit({ name: 'shop', concurrency: 1, queue });
    const fetch = stack(store.fetch, [
      rate({ name: 'shop', perSecond: 0.1, burst: 2, queue: 1000 }),
      limited,
      judge(circuit),
    ]);
    const ask = (withinMs = 2000, own: Partial<LayerContext> = {}) =>
      fetch({ op: 'get', params: {}, want: 'value' }, context({ deadline: performance.now() + withinMs, ...own })).then(
        () => 'ok',
        (error: CodapError) => error.code,
      );
    const other = ask();
    const end = async (error?: CodapError) => {
      const { answer, fail } = store.calls.at(-1)!;
      if (error) fail(error);
      else answer(['x']);
      await pass(0);
    };
    return { store, ask, other, end };
  };
  type Taken = ReturnType<typeof taken>;

  const leaves = (reason: Error, when: 'in line' | 'at the store') => async (made: Taken) => {
    const leaving = new AbortController();
    const asked = made.ask(2000, { signal: leaving.signal });
    if (when === 'at the store') await made.end();
    leaving.abort(reason);
    await asked;
    if (when === 'in line') await made.end();
  };
  const isAnswered = (error?: CodapError) => async (made: Taken) => {
    const asked = made.ask();
    await made.end();
    await made.end(error);
    await asked;
  };
  it.each<[string, 'there' | 'spent', (made: Taken) => Promise<void>, queue?: number]>([
    ['is turned away by a full queue', 'there', async ({ ask, end }) => (await ask(), end()), 0],
    ['leaves the line for a place', 'there', leaves(notNeeded(), 'in line')],
    ['has no more time in it', 'there', leaves(tooLate('shop'), 'in line')],
    ['is turned away by the circuit', 'there', async ({ ask, end }) => (void ask(), end(DOWN))],
    ['leaves while the store is asked', 'spent', leaves(notNeeded(), 'at the store')],
    ['was answered', 'spent', isAnswered()],
    ['was failed by the store', 'spent', isAnswered(DOWN)],
    ['has no room for the answer', 'spent', isAnswered(new CodapError('OVERLOADED', 'full', { rejected: true }))],
  ])('%s is %s', async (_who, token, whatHappens, queue) => {
    const made = taken(queue);
    await whatHappens(made);
    const before = made.store.calls.length;
    const next = made.ask(1000, { probe: true });
    await made.end();
    expect(await next).toBe(token === 'there' ? 'ok' : 'OVERLOADED');
    expect(made.store.calls).toHaveLength(before + (token === 'there' ? 1 : 0));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the line for a place goes to the next in line for one', async () => {
    const { store, ask, end } = taken();
    const leaving = new AbortController();
    void ask(2000, { signal: leaving.signal });
    const next = ask(60_000);
    leaving.abort(notNeeded());
    await end();
    expect(store.calls).toHaveLength(2);
    await end();
    expect(await next).toBe('ok');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is turned away by a full queue does not go to those in line, who would be turned away, too', async () => {
    const { store, ask, end } = taken(0);
    const asked = [ask(60_000), ask(60_000), ask(60_000)];
    await end();
    await pass(10_000);
    await end();
    await pass(10_000);
    await end();
    expect(await Promise.all(asked)).toEqual(['OVERLOADED', 'ok', 'ok']);
    expect(store.calls).toHaveLength(3);
  });
});

it('the order is kept, whoever leaves, and nobody gets more than the bucket gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        perSecond: fc.constantFrom(10, 30, 50, 1000),
        burst: fc.integer({ min: 1, max: 5 }),
        steps: fc.array(fc.tuple(fc.constantFrom('ask', 'leave', 'wait'), fc.nat(50)), { maxLength: 60 }),
      }),
      async ({ perSecond, burst, steps }) => {
        const { ask, reached, queued } = shop({ perSecond, burst });
        const controllers: AbortController[] = [];
        const asked: Promise<unknown>[] = [];
        for (const [what, number] of steps) {
          if (what === 'wait') await pass(number);
          else if (what === 'leave') controllers[number % Math.max(1, controllers.length)]?.abort(notNeeded());
          else {
            const controller = new AbortController();
            controllers.push(controller);
            asked.push(ask(controllers.length, 10 * (number + 1), { signal: controller.signal }));
          }
        }
        await pass(1000);
        await Promise.all(asked);
        const keys = reached.map(([key]) => Number(key));
        expect(keys).toEqual(keys.toSorted((a, b) => a - b));
        for (const [from, [, began]] of reached.entries())
          for (const [count, [, at]] of reached.slice(from).entries())
            expect(count + 1).toBeLessThanOrEqual(burst + 1 + ((at - began) * perSecond) / 1000 + 1e-6);
        expect(queued()).toBe(0);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

it('its timer is never set for less than no time, however long it takes until it is set', async () => {
  const { ask } = shop({ perSecond: 100, burst: 1 }, []);
  expect(await ask('first')).toBe('ok');
  const now = performance.now.bind(performance);
  let lostMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + lostMs);
  const set = vi.spyOn(globalThis, 'setTimeout');
  const caller = {
    ...NOBODY,
    get name(): undefined {
      lostMs += 20;
      return undefined;
    },
  };
  const waiting = ask('waits', 2000, { caller });
  await pass(10);
  expect(await waiting).toBe('ok');
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0]);
  vi.restoreAllMocks();
});

it('a rate tells what it holds to', () => {
  const layer = rated({ perSecond: 50, burst: 10 });
  expect(layer.bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY)).toEqual({ perSecond: 50, burst: 10 });
});
