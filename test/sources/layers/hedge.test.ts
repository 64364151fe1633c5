import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodapError, notNeeded } from '../../../src/errors.ts';
import { stack } from '../../../src/sources/layer.ts';
import { hedge } from '../../../src/sources/layers/hedge.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import type { LayerContext, LayerFetch } from '../../../src/sources/layer-context.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { TypedValue } from '../../../src/store/typed-value.ts';
import { whenAborted } from '../../../src/ground/when-aborted.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { randomOf } from '../../cost/random.ts';
import { FakeStore, leave, read, type Reached } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';
import { rated } from '../../layer-suite/rated.ts';

const DEFAULTS = { percentile: 0.92, budget: 0.1 };
const USUAL_MS = 10;
const DOWN = new CodapError('UNAVAILABLE', 'down');
const NONE = new CodapError('NOT_FOUND', 'none');

layerSuite('a hedge', () => hedge(DEFAULTS), { repeats: true });

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Lets whatever is ready go on, and so many milliseconds pass. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const outcome = (asked: Promise<unknown>) => asked.catch((error: unknown) => error);

/** A hedged store, which has answered so many calls in the usual time. */
async function hedged(known = 100, options = DEFAULTS) {
  const store = new FakeStore();
  const layer = hedge(options);
  const fetch = stack(store.fetch, [layer, prime]);
  const ask = (given: Partial<LayerContext> = {}, want: Payload['kind'] = 'value') =>
    fetch({ op: 'get', params: {}, want }, context(given));
  const all = Array.from({ length: known }, () => ask());
  await pass(USUAL_MS);
  for (const call of store.calls.splice(0)) call.answer(['x']);
  await Promise.all(all);
  return { store, layer, ask };
}

describe('a second attempt', () => {
  it('is sent, and marked, once the first takes longer than most did', async () => {
    const { store, layer, ask } = await hedged();
    const asked = ask();
    await pass(USUAL_MS - 1);
    expect(store.calls).toHaveLength(1);
    await pass(1);
    expect(store.calls.map((call) => call.context.hedge)).toEqual([undefined, true]);
    store.calls[0]?.answer(['x']);
    await asked;
    expect(layer.state?.()).toEqual({ hedges: 1 });
  });

  it('is not sent while hardly anything is known of the store', async () => {
    const { store, ask } = await hedged(99);
    const asked = ask();
    await pass(5000);
    expect(store.calls).toHaveLength(1);
    store.calls[0]?.answer(['x']);
    await asked;
  });

  it.each(['value', 'items', 'body'] as const)('is not sent once the first byte is here: %s', async (want) => {
    const { store, ask } = await hedged();
    const asked = ask({}, want);
    if (want === 'value') store.calls[0]?.context.memory.hold(1);
    else store.calls[0]?.answer(['a', 'b'], 'stalls');
    await pass(5000);
    expect(store.calls).toHaveLength(1);
    if (want === 'value') store.calls[0]?.answer(['x']);
    await leave(await asked);
  });

  it('is not sent where the first has failed: the failure goes on', async () => {
    const { store, ask } = await hedged();
    const asked = outcome(ask());
    store.calls[0]?.fail(DOWN);
    expect(await asked).toBe(DOWN);
    expect(vi.getTimerCount()).toBe(0);
  });
});

const REFUSED = new CodapError('OVERLOADED', 'full', { rejected: true });

it.each<[string, (second: Reached) => void, number, number]>([
  ['codap turned away', ({ fail }) => fail(REFUSED), 0, 2],
  ['still waits in a line', ({ context }) => context.onlooker?.waits(), 0, 2],
  ['failed', ({ fail }) => fail(DOWN), 1, 1],
  ['is too late', () => {}, 1, 1],
])('a second attempt that %s counts where it has left, else another may be sent', async (_what, end, hedges, next) => {
  const { store, layer, ask } = await hedged(100, { ...DEFAULTS, budget: 0.01 });
  const asked = ask();
  await pass(USUAL_MS);
  end(store.calls[1]!);
  await pass();
  store.calls[0]?.answer(['x']);
  await asked;
  expect(layer.state?.()).toEqual({ hedges });
  store.calls.length = 0;
  const another = ask();
  await pass(USUAL_MS);
  expect(store.calls).toHaveLength(next);
  store.calls[0]?.answer(['x']);
  await another;
});

describe.each([
  ['place', () => limit({ name: 'shop', concurrency: 2, queue: 9 })],
  ['token', () => rated({ perSecond: 10, burst: 2 })],
])('a first attempt that waits for a %s', (_what, below) => {
  async function waiting(own: Partial<LayerContext> = {}) {
    const store = new FakeStore();
    const layer = hedge(DEFAULTS);
    const fetch = stack(store.fetch, [layer, below(), prime]);
    const ask = (want: Payload['kind'] = 'value', given: Partial<LayerContext> = {}) =>
      fetch({ op: 'get', params: {}, want }, context(given));
    const reached = async (calls: number): Promise<void> => {
      for (let ms = 0; ms < 1000 && store.calls.length < calls; ms += 1) await pass(1);
    };
    for (let known = 0; known < 100; known += 1) {
      const asked = ask();
      await reached(1);
      await pass(USUAL_MS);
      store.calls.pop()?.answer(['x']);
      await asked;
    }
    await pass(200);
    const others = [ask('items'), ask('items')];
    for (const { answer } of store.calls) answer(['x'], 'stalls');
    const open = await Promise.all(others);
    const asked = outcome(ask('value', own));
    const comes = async (): Promise<void> => {
      await Promise.all(open.map(leave));
      await reached(3);
    };
    return { store, layer, asked, comes };
  }

  it('has no second one beside it, which would wait behind it, until it has had its time', async () => {
    const { store, layer, asked, comes } = await waiting();
    await pass(5 * USUAL_MS);
    expect([store.calls.length, layer.state?.()]).toEqual([2, { hedges: 0 }]);
    await comes();
    await pass(USUAL_MS - 1);
    expect([store.calls.length, layer.state?.()]).toEqual([3, { hedges: 0 }]);
    await pass(1 + 100);
    expect(store.calls.map((call) => call.context.hedge)).toEqual([undefined, undefined, undefined, true]);
    store.calls[2]?.answer(['x']);
    await asked;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has none where it is given up before its turn, nor as that comes', async () => {
    for (const isLate of [false, true]) {
      const controller = new AbortController();
      const { store, asked, comes } = await waiting({ signal: controller.signal });
      if (!isLate) controller.abort(notNeeded());
      const come = comes();
      if (isLate) controller.abort(notNeeded());
      await come;
      expect(await asked).toMatchObject({ code: 'CANCELLED' });
      await pass(5000);
      expect(store.calls.filter((call) => call.context.hedge)).toEqual([]);
    }
  });

  it('is told to who looks on', async () => {
    const told: string[] = [];
    const onlooker = { waits: () => told.push('waits'), goesOn: () => told.push('goes on') };
    const { store, asked, comes } = await waiting({ onlooker });
    expect(told).toEqual(['waits']);
    await comes();
    expect(told).toEqual(['waits', 'goes on']);
    store.calls[2]?.answer(['x']);
    await asked;
    expect(told).toEqual(['waits', 'goes on']);
  });
});

it('a call waits in a line while each of its attempts that is left does: it tells that the store was asked', async () => {
  const told: string[] = [];
  const onlooker = {
    waits: (wasAsked?: boolean) => told.push(wasAsked ? 'waits' : 'waits unasked'),
    goesOn: () => told.push('goes on'),
  };
  const { asked, attempts } = await both('value', { onlooker });
  attempts[1].context.onlooker?.waits();
  expect(told.at(-1)).toBe('goes on');
  attempts[0].fail(DOWN);
  await pass();
  expect(told.at(-1)).toBe('waits');
  attempts[1].context.onlooker?.goesOn();
  expect(told.at(-1)).toBe('goes on');
  attempts[1].answer(['x']);
  await asked;
});

/** A call whose both attempts are under way. */
async function both(want: Payload['kind'] = 'value', own: Partial<LayerContext> = {}) {
  const { store, ask } = await hedged();
  const asked = outcome(ask(own, want)) as Promise<Payload>;
  await pass(USUAL_MS);
  const [first, second] = store.calls;
  return { store, asked, attempts: [first!, second!] as const };
}

describe('of two attempts', () => {
  it.each([
    ['first', 'value'],
    ['first', 'items'],
    ['first', 'body'],
    ['second', 'value'],
    ['second', 'items'],
    ['second', 'body'],
  ] as const)('the %s to answer wins, the other is cancelled and holds nothing: %s', async (which, want) => {
    const { memory } = context();
    const { store, asked, attempts } = await both(want, { memory });
    const [winner, loser] = which === 'first' ? attempts : attempts.toReversed();
    winner.context.memory.hold(1);
    loser.context.memory.hold(10);
    winner.answer(['x', 'y']);
    const payload = await asked;
    expect(loser.context.signal.reason).toMatchObject({ code: 'CANCELLED' });
    expect(winner.context.signal.aborted).toBe(false);
    expect(memory.held).toBe(1);
    expect((await read(payload))[0]).toBe('x');
    await vi.waitFor(() => expect(store.open).toBe(0));
  });

  it('the late answer of the other is thrown away', async () => {
    const store = new FakeStore();
    const layer = hedge(DEFAULTS);
    const deaf: LayerFetch = (query, seen) => store.fetch(query, { ...seen, signal: new AbortController().signal });
    const fetch = layer.wrap(deaf);
    const ask = () => fetch({ op: 'get', params: {}, want: 'items' }, context());
    const all = Array.from({ length: 100 }, ask);
    await pass(USUAL_MS);
    for (const call of store.calls.splice(0)) call.answer([]);
    for (const payload of await Promise.all(all)) await read(payload);
    const asked = ask();
    await pass(USUAL_MS);
    store.calls[1]?.answer(['x']);
    store.calls[0]?.answer(['y'], 'stalls');
    expect(await read(await asked)).toEqual(['x']);
    await vi.waitFor(() => expect(store.open).toBe(0));
  });

  it.each([
    ['first', 0],
    ['second', 1],
  ] as const)('the other is waited for where the %s fails', async (_which, at) => {
    const { asked, attempts } = await both();
    attempts[at].fail(DOWN);
    await pass(500);
    attempts[1 - at]!.answer(['x']);
    expect(await read(await asked)).toEqual(['x']);
  });

  it('the failure of the first is told where both fail', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { asked, attempts } = await both();
      for (const at of order) {
        attempts[at].fail(at === 0 ? DOWN : REFUSED);
        await pass();
      }
      expect(await asked).toBe(DOWN);
    }
  });

  it.each([0, 1] as const)('the one that is told that there is nothing has an answer: %i', async (at) => {
    const { asked, attempts } = await both();
    attempts[at].fail(NONE);
    expect(await asked).toBe(NONE);
    expect(attempts[1 - at]!.context.signal.aborted).toBe(true);
  });

  it('both end where nobody needs them any more', async () => {
    const controller = new AbortController();
    const { asked, attempts } = await both('value', { signal: controller.signal });
    const reason = notNeeded();
    controller.abort(reason);
    expect(await asked).toBe(reason);
    for (const { context } of attempts) expect(context.signal.reason).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Replicas behind one address, and what a client that asks a hundred times a second sees of them. */
function replicas(takes: () => number) {
  const firsts: number[] = [];
  const latencies: number[] = [];
  const store: LayerFetch = (_query, { signal, hedge: isHedge }) =>
    new Promise((resolve, reject) => {
      const ms = takes();
      if (!isHedge) firsts.push(ms);
      const timer = setTimeout(() => resolve(new TypedValue('x')), ms);
      whenAborted(signal, () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
  const layer = hedge(DEFAULTS);
  const fetch = layer.wrap(store);
  const askFor = async (seconds: number): Promise<void> => {
    for (let call = 0; call < 100 * seconds; call += 1) {
      const from = performance.now();
      void fetch({ op: 'get', params: {}, want: 'value' }, context()).then(() =>
        latencies.push(performance.now() - from),
      );
      await pass(10);
    }
    await pass(1000);
  };
  return { askFor, firsts, latencies, hedges: () => layer.state?.()['hedges'] ?? 0 };
}

const percentile = (all: readonly number[], share: number) =>
  all.toSorted((a, b) => a - b)[Math.floor(share * all.length)]!;

describe('with three replicas behind one address', () => {
  const { chance, pick } = randomOf(14);
  const steps = Array.from({ length: 40 }, (_, step) => step / 10);
  const usual = () => 6 + pick(steps) + pick(steps);

  it('of which one answer in twenty stalls for a second, hardly anybody sees that, at 8 % more calls', async () => {
    const { askFor, firsts, latencies, hedges } = replicas(() => (chance(0.05) ? 1000 : usual()));
    await askFor(20);
    const delay = percentile(firsts, 0.92);
    const p50 = percentile(firsts, 0.5);
    expect(percentile(firsts, 0.99)).toBe(1000);
    expect(percentile(latencies, 0.99)).toBeLessThanOrEqual(delay + 1.5 * p50);
    expect(hedges() / firsts.length).toBeLessThanOrEqual(0.08);
    // Those that stall are found again and again: they do not fall out of what is known.
    expect(hedges() / firsts.length).toBeGreaterThan(0.05);
  });

  it.each([10, 20])('that all become slow, it sends 10 % more calls at most: for %i s', async (seconds) => {
    let slow = false;
    const { askFor, firsts, hedges } = replicas(() => (slow ? 700 : usual()));
    await askFor(10);
    const before = { calls: firsts.length, hedges: hedges() };
    slow = true;
    await askFor(seconds);
    const more = hedges() - before.hedges;
    expect(more).toBeLessThanOrEqual(0.1 * (firsts.length - before.calls));
    expect(more).toBeGreaterThan(20);
  });
});

it.each([
  { calls: 9, budget: 0.1, most: 0 },
  { calls: 10, budget: 0.1, most: 1 },
  { calls: 25, budget: 0.1, most: 2 },
  { calls: 2, budget: 0.5, most: 1 },
  { calls: 5, budget: 1, most: 5 },
  { calls: 30, budget: 0, most: 0 },
])('of $calls slow calls with a budget of $budget, $most are asked twice', async (given) => {
  const { store, layer, ask } = await hedged(100, { ...DEFAULTS, budget: given.budget });
  await pass(20_000);
  for (let call = 0; call < given.calls; call += 1) {
    store.calls.length = 0;
    const asked = ask();
    await pass(2 * USUAL_MS);
    store.calls[0]?.answer(['x']);
    await asked;
  }
  expect(layer.state?.()).toEqual({ hedges: given.most });
});

it('says what it holds to', () => {
  expect(hedge(DEFAULTS).bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY)).toEqual(DEFAULTS);
});
