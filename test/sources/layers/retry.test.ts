import { MongoNetworkError } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { transportFailure } from '../../../adapters/http/transport-failure.ts';
import { mongoError } from '../../../adapters/mongo/failure.ts';
import { statusFailure } from '../../../adapters/rest/failure.ts';
import { s3Failure } from '../../../adapters/s3/failure.ts';
import { CodapError, notNeeded, tooLate } from '../../../src/errors.ts';
import { Circuit } from '../../../src/sources/circuit.ts';
import { stack } from '../../../src/sources/layer.ts';
import { attempt } from '../../../src/sources/layers/attempt.ts';
import { judge } from '../../../src/sources/layers/breaker.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { retry } from '../../../src/sources/layers/retry.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import type { LayerContext, LayerFetch } from '../../../src/sources/layer-context.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { TypedValue } from '../../../src/store/typed-value.ts';
import { context } from '../../adapters/source.ts';
import { randomOf } from '../../cost/random.ts';
import { FakeStore, leave, read } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';
import { rated } from '../../layer-suite/rated.ts';

const DEFAULTS = { attempts: 2, budget: 0.1, perSecond: 1 };
const DOWN = new CodapError('UNAVAILABLE', 'down');

layerSuite('a retry', () => retry(DEFAULTS), { repeats: true });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.spyOn(Math, 'random').mockReturnValue(0.9999);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function retried(own: Partial<typeof DEFAULTS> = {}) {
  const store = new FakeStore();
  const layer = retry({ ...DEFAULTS, ...own });
  const fetch = layer.wrap(store.fetch);
  const ask = (given: Partial<LayerContext> = {}, want: Payload['kind'] = 'value') =>
    fetch({ op: 'get', params: {}, want }, context(given));
  return { store, layer, ask };
}

/** Lets whatever is ready go on, and so many milliseconds pass. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const outcome = (asked: Promise<unknown>) => asked.catch((error: unknown) => error);
const waiting = (retryAfterMs: number) => new CodapError('OVERLOADED', 'busy', { retryAfterMs });

it('tells what the store said, where codap turns the second attempt away', async () => {
  const { store, ask } = retried({ attempts: 3 });
  const failed = outcome(ask());
  store.calls[0]?.fail(DOWN);
  await pass(10);
  store.calls[1]?.fail(new CodapError('CIRCUIT_OPEN', 'open', { rejected: true }));
  expect(await failed).toBe(DOWN);
  expect(store.calls).toHaveLength(2);
});

it('tells whoever looks on at the call of the lines in which its second attempt waits', async () => {
  const heard: string[] = [];
  const onlooker = { waits: () => heard.push('waits'), goesOn: () => heard.push('goes on') };
  const { store, ask } = retried();
  const asked = ask({ onlooker });
  store.calls[0]?.fail(DOWN);
  await pass(10);
  store.calls[1]?.context.onlooker?.waits();
  store.calls[1]?.context.onlooker?.goesOn();
  expect(heard).toEqual(['waits', 'goes on']);
  store.calls[1]?.answer(['x']);
  await asked;
});

describe('what is asked again', () => {
  it.each([
    ['no connection', DOWN],
    ['a store that is overloaded', new CodapError('OVERLOADED', 'busy', { status: 429 })],
    ['an attempt that took too long', tooLate('shop')],
  ])('%s', async (_name, error) => {
    const { store, layer, ask } = retried();
    const asked = ask();
    store.calls[0]?.fail(error);
    await pass(10);
    store.calls[1]?.answer(['x']);
    expect(await read(await asked)).toEqual(['x']);
    expect(layer.state?.()).toEqual({ retries: 1 });
  });

  it.each([
    ['what is not there', new CodapError('NOT_FOUND', 'none')],
    ['what the store refuses', new CodapError('INVALID', 'no')],
    ['what nobody waits for', notNeeded()],
    ['what our own queue turned away', new CodapError('OVERLOADED', 'full', { rejected: true })],
    ['what the breaker turned away', new CodapError('CIRCUIT_OPEN', 'open', { rejected: true })],
    ['an attempt that had no time', tooLate('shop', true)],
  ])('is not %s', async (_name, error) => {
    const { store, layer, ask } = retried();
    const asked = outcome(ask());
    store.calls[0]?.fail(error);
    expect(await asked).toBe(error);
    expect(store.calls).toHaveLength(1);
    expect(layer.state?.()).toEqual({ retries: 0 });
  });

  it.each([
    ['is an attempt that had its own time', 300, 1000, 2],
    ["is not one that had the query's", 300, 300, 1],
    ["is not one that ends just before the query's", 299.5, 300, 1],
  ])('%s', async (_name, attemptMs, queryMs, attempts) => {
    const store = new FakeStore();
    const layers = [timeout('shop'), retry(DEFAULTS), attemptTimeout('shop', attemptMs), prime];
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const deadline = performance.now() + queryMs;
    const asked = outcome(stack(store.fetch, layers)({ op: 'get', params: {}, want: 'value' }, context({ deadline })));
    await pass(queryMs);
    expect(await asked).toMatchObject({ code: 'TIMEOUT' });
    expect(store.calls).toHaveLength(attempts);
  });

  it('so often in all', async () => {
    const { store, ask } = retried({ attempts: 4 });
    const asked = outcome(ask());
    for (const at of [0, 1, 2, 3]) {
      store.calls[at]?.fail(DOWN);
      await pass(100);
    }
    expect(await asked).toBe(DOWN);
    expect(store.calls).toHaveLength(4);
  });

  it.each(['items', 'body'] as const)('fails before its first part, never after: %s', async (want) => {
    const store = new FakeStore();
    const fetch = stack(store.fetch, [retry(DEFAULTS), prime]);
    const asked = fetch({ op: 'get', params: {}, want }, context());
    store.calls[0]?.answer([], DOWN);
    await pass(10);
    store.calls[1]?.answer(['a', 'b'], DOWN);
    const parts: string[] = [];
    await expect(read(await asked, parts)).rejects.toBe(DOWN);
    expect(parts[0]).toBe('a');
    await pass(100);
    expect(store.calls).toHaveLength(2);
  });

  it('holds no byte of an attempt that failed, though it holds on', async () => {
    const { store, ask } = retried();
    const { memory } = context();
    const asked = ask({ memory });
    store.calls[0]?.context.memory.hold(1000);
    store.calls[0]?.fail(DOWN);
    await pass(10);
    expect(memory.held).toBe(0);
    expect(() => store.calls[0]?.context.memory.hold(1000)).toThrow(CodapError);
    store.calls[1]?.context.memory.hold(10);
    store.calls[1]?.answer(['x']);
    await asked;
    expect(memory.held).toBe(10);
  });
});

describe('the wait before an attempt', () => {
  it('is up to 10 ms, doubled for each further one', async () => {
    const { store, ask } = retried({ attempts: 4 });
    const asked = outcome(ask());
    const waits: number[] = [];
    for (const at of [0, 1, 2]) {
      store.calls[at]?.fail(DOWN);
      const from = performance.now();
      while (store.calls.length < at + 2) await pass(1);
      waits.push(performance.now() - from);
    }
    for (const [at, most] of [10, 20, 40].entries()) {
      expect(waits[at]).toBeLessThanOrEqual(most);
      expect(waits[at]).toBeGreaterThanOrEqual(most - 1);
    }
    store.calls[3]?.fail(DOWN);
    await asked;
  });

  it('is what the store asks for', async () => {
    const { store, ask } = retried();
    const asked = ask();
    store.calls[0]?.fail(waiting(2000));
    await pass(1999);
    expect(store.calls).toHaveLength(1);
    await pass(1);
    store.calls[1]?.answer(['x']);
    await asked;
  });

  it.each([
    ['the store asks for more than is left', waiting(500), 400],
    ['hardly anything is left', DOWN, 5],
  ])('is none where %s: the failure is handed on at once', async (_name, error, left) => {
    const { store, ask } = retried();
    const asked = outcome(ask({ deadline: performance.now() + left }));
    store.calls[0]?.fail(error);
    expect(await asked).toBe(error);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fits into a deadline that has grown', async () => {
    const { store, ask } = retried();
    const now = performance.now();
    const deadline = new GrowingDeadline(now + 100, now + 1000);
    const asked = ask({ deadline });
    deadline.extend(now + 600);
    store.calls[0]?.fail(waiting(500));
    await pass(500);
    store.calls[1]?.answer(['x']);
    await asked;
  });

  it('ends at once where nobody needs it any more', async () => {
    const { store, layer, ask } = retried();
    const controller = new AbortController();
    const asked = outcome(ask({ signal: controller.signal }));
    store.calls[0]?.fail(waiting(500));
    await pass(100);
    const reason = notNeeded();
    controller.abort(reason);
    expect(await asked).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect([store.calls.length, layer.state?.()]).toEqual([1, { retries: 0 }]);
  });
});

describe('a call that goes on with a broken body', () => {
  it('is a retry from its start: it waits, and takes from the budget', async () => {
    const { store, layer, ask } = retried({ budget: 0, perSecond: 0.1 });
    const asked = ask({ resumedAfter: waiting(50) }, 'body');
    expect(store.calls).toHaveLength(0);
    await pass(50);
    store.calls[0]?.answer(['x']);
    await asked;
    expect(layer.state?.()).toEqual({ retries: 1 });
    expect(await outcome(ask({ resumedAfter: DOWN }, 'body'))).toBe(DOWN);
    const spent = outcome(ask());
    store.calls[1]?.fail(DOWN);
    expect(await spent).toBe(DOWN);
    expect(store.calls).toHaveLength(2);
  });

  it.each([
    [
      [undefined, 'resumed'],
      [undefined, 1],
    ],
    [
      [undefined, 'resumed', 'resumed', 'resumed'],
      [undefined, 1, 2, 3],
    ],
    [
      [undefined, undefined, 'resumed'],
      [undefined, undefined, 1],
    ],
    [
      ['fails', 'resumed'],
      [undefined, 1, 2],
    ],
    [
      [undefined, 'resumed, fails', 'resumed'],
      [undefined, 1, 2, 3],
    ],
  ] as const)('counts on from the attempt that it goes on after: %j', async (parts, resends) => {
    const store = new FakeStore();
    const fetch = stack(store.fetch, [retry({ attempts: 3, budget: 1, perSecond: 10 }), attempt]);
    const trace: CallTrace = { attempts: [] };
    for (const part of parts) {
      const resumedAfter = part?.startsWith('resumed') ? DOWN : undefined;
      const asked = fetch({ op: 'get', params: {}, want: 'body' }, context({ trace, resumedAfter }));
      await pass(20);
      if (part?.endsWith('fails')) {
        store.calls.at(-1)?.fail(DOWN);
        await pass(50);
      }
      store.calls.at(-1)?.answer(['x']);
      await asked;
    }
    expect(trace.attempts.map((noted) => noted.resends)).toEqual(resends);
  });

  it('is no call that further retries are allowed for', async () => {
    const { ask } = retried({ budget: 1, perSecond: 0 });
    for (let times = 0; times < 5; times += 1) expect(await outcome(ask({ resumedAfter: DOWN }, 'body'))).toBe(DOWN);
  });
});

describe('what a retry takes of the budget', () => {
  const refused = new CodapError('OVERLOADED', 'full', { rejected: true });

  type End = (store: FakeStore, leaving: AbortController) => void;
  /** Its client leaves after this has been said of its line. */
  const left =
    (...said: ('waits' | 'waits, asked before' | 'goes on')[]): End =>
    ({ calls }, leaving) => {
      for (const what of said) {
        if (what === 'goes on') calls[1]?.context.onlooker?.goesOn();
        else calls[1]?.context.onlooker?.waits(what !== 'waits');
      }
      leaving.abort(notNeeded());
    };

  it.each<[string, number, End, number, boolean]>([
    ['is given back by who leaves before it', 500, left(), 0, true],
    ['is given back by who leaves while it waits in a line', 1000, left('waits'), 0, true],
    ['is given back by who leaves the second line', 1000, left('waits', 'goes on', 'waits'), 0, true],
    ['is not by who leaves once its turn has come', 1000, left('waits', 'goes on'), 1, false],
    ['is not by who leaves a line of its hedge, after the store failed', 1000, left('waits, asked before'), 1, false],
    ['is not by who leaves while the store is asked', 1000, left(), 1, false],
    ['is given back where codap turns it away', 1000, ({ calls }) => calls[1]?.fail(refused), 0, true],
    ['is not where the store fails again', 1000, ({ calls }) => calls[1]?.fail(DOWN), 1, false],
    ['is not where the store answers', 1000, ({ calls }) => calls[1]?.answer(['x']), 1, false],
  ])('%s', async (_name, afterMs, end, retries, isLeft) => {
    const leaving = new AbortController();
    const { store, layer, ask } = retried({ budget: 0, perSecond: 0.1 });
    const first = outcome(ask({ signal: leaving.signal }));
    store.calls[0]?.fail(waiting(1000));
    await pass(afterMs);
    end(store, leaving);
    await first;
    expect(layer.state?.()).toEqual({ retries });
    const before = store.calls.length;
    const next = outcome(ask());
    store.calls.at(-1)?.fail(DOWN);
    await pass(10);
    expect(store.calls.length - before).toBe(isLeft ? 2 : 1);
    store.calls.at(-1)?.answer(['x']);
    await next;
  });
});

it.each([
  ['place', () => limit({ name: 'shop', concurrency: 1, queue: 9 })],
  ['token', () => rated({ perSecond: 10, burst: 2 })],
])(
  'a retry whose time ends while it waits for a %s is none, and leaves the budget to the next',
  async (_what, below) => {
    const store = new FakeStore();
    const layer = retry({ ...DEFAULTS, budget: 0, perSecond: 0.1 });
    const circuit = new Circuit({ name: 'shop', ratio: 1, calls: 100, openMs: 1000, wholeMs: 2000 });
    const fetch = stack(store.fetch, [layer, below(), judge(circuit), prime]);
    const ask = (want: Payload['kind'] = 'value', own: Partial<LayerContext> = {}) =>
      fetch({ op: 'get', params: {}, want }, context(own));
    const leaving = new AbortController();
    const asked = outcome(ask('value', { signal: leaving.signal }));
    const other = ask('items');
    store.calls[0]?.fail(DOWN);
    await pass();
    store.calls[1]?.answer(['x'], 'stalls');
    await pass(20);
    leaving.abort(tooLate('shop'));
    expect(await asked).toMatchObject({ code: 'TIMEOUT' });
    expect([store.calls.length, layer.state?.()]).toEqual([2, { retries: 0 }]);
    await leave(await other);
    await pass(1000);
    const next = ask();
    store.calls[2]?.fail(DOWN);
    await pass(10);
    store.calls[3]?.answer(['x']);
    await next;
    expect(layer.state?.()).toEqual({ retries: 1 });
  },
);

describe('the load on a store', () => {
  const signal = new AbortController().signal;
  const status = (httpStatusCode: number) =>
    Object.assign(new Error('x'), { name: 'x', $metadata: { httpStatusCode } });

  it.each([
    ['REST 503', statusFailure(503, undefined, undefined)],
    ['a reset connection', transportFailure(Object.assign(new Error('x'), { code: 'ECONNRESET' }))],
    ['MongoDB killed', mongoError(new MongoNetworkError('x'), 'shop', signal)],
    ['S3 500', s3Failure(status(500))],
  ])('that always fails is at most 1.1 calls for each, and one a second: %s', async (_name, error) => {
    for (const [perSecond, startMs] of [
      [20, 0],
      [7, 499],
      [1, 250],
    ] as const) {
      await pass(startMs);
      let reached = 0;
      const fetch = retry(DEFAULTS).wrap(() => {
        reached += 1;
        return Promise.reject(error);
      });
      const calls = 60 * perSecond;
      for (let call = 0; call < calls; call += 1) {
        fetch({ op: 'get', params: {}, want: 'value' }, context()).catch(() => {});
        await pass(1000 / perSecond);
      }
      expect(reached).toBeLessThanOrEqual(1.1 * calls + 60);
      expect(reached).toBeGreaterThan(Math.min(1.1 * calls + 40, 1.9 * calls));
    }
  });

  it('that fails 5 % of calls: of answers made of ten, 97 % are complete', async () => {
    const { chance } = randomOf(14);
    const flaky: LayerFetch = () => (chance(0.05) ? Promise.reject(DOWN) : Promise.resolve(new TypedValue('x')));
    const complete = async (fetch: LayerFetch, batches: number): Promise<number> => {
      let whole = 0;
      for (let batch = 0; batch < batches; batch += 1) {
        const asked = Array.from({ length: 10 }, () => fetch({ op: 'get', params: {}, want: 'value' }, context()));
        void Promise.allSettled(asked).then((all) => {
          if (all.every((one) => one.status === 'fulfilled')) whole += 1;
        });
        await pass(20);
      }
      return whole / batches;
    };
    expect(await complete(flaky, 500)).toBeCloseTo(0.95 ** 10, 1);
    expect(await complete(retry(DEFAULTS).wrap(flaky), 2000)).toBeGreaterThanOrEqual(0.97);
  });
});
