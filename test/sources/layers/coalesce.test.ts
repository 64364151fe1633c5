import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Memory, processMemory } from '../../../src/budget/memory.ts';
import { Work } from '../../../src/budget/work.ts';
import { CodapError, notNeeded } from '../../../src/errors.ts';
import { hashOfValue } from '../../../src/json/hash.ts';
import { stack } from '../../../src/sources/layer.ts';
import { coalesce } from '../../../src/sources/layers/coalesce.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import type { Query } from '../../../src/store/fetch.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import { ValueQuery } from '../../../src/store/value-query.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore, read } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('coalesce', () => coalesce(2000), { shares: true });

it('works the hash of a query out once, however often it is asked', async () => {
  const store = new FakeStore();
  const fetch = stack(store.fetch, [coalesce(2000)]);
  const query = new ValueQuery('get', { key: 'a' });
  const once = fetch(query, context());
  const hash = hashOfValue(query.params);
  expect(query.hash).toBe(hash);
  store.calls[0]?.answer(['x']);
  await once;
  query.hash = hash + 1;
  fetch(query, context()).catch(() => undefined);
  expect([query.hash, store.calls.length]).toEqual([hash + 1, 2]);
  store.calls[1]?.answer(['x']);
});

describe('a call that is turned away for what its first caller has besides', () => {
  function shop() {
    const store = new FakeStore();
    const layer = coalesce(2000);
    const fetch = stack(store.fetch, [layer, limit({ name: 'shop', concurrency: 1, queue: 3 })]);
    const ask = (key: string, name: string) =>
      fetch(
        { op: 'get', params: { key }, want: 'value' },
        context({ caller: { name, headers: {} }, deadline: performance.now() + 1000 }),
      ).then(read, ({ code }: CodapError) => code);
    return { store, layer, ask };
  }

  it('is asked again for who joined it, together, and fails whoever asked first', async () => {
    const { store, ask } = shop();
    const running = ask('running', 'greedy');
    const waiting = ['a', 'b', 'c'].map((key) => ask(key, 'greedy'));
    const joined = [ask('c', 'modest'), ask('c', 'modest'), ask('c', 'greedy')];
    // Makes room for itself where the last was.
    const other = ask('d', 'other');
    await new Promise(setImmediate);
    const open = () =>
      store.calls.splice(0).forEach((call) => call.answer([(call.query.params as { key: string }).key]));
    for (let turn = 0; turn < 8; turn += 1) {
      open();
      await new Promise(setImmediate);
    }
    expect(await Promise.all([running, other])).toEqual([['running'], ['d']]);
    expect(await Promise.all(joined)).toEqual([['c'], ['c'], 'OVERLOADED']);
    expect(await Promise.all(waiting)).toEqual([['a'], 'OVERLOADED', 'OVERLOADED']);
  });

  it('fails all of one caller at once', async () => {
    const { store, ask } = shop();
    const asked = ['a', 'b', 'c', 'd', 'e', 'e'].map((key) => ask(key, 'one'));
    await new Promise(setImmediate);
    expect(await Promise.all(asked.slice(4))).toEqual(['OVERLOADED', 'OVERLOADED']);
    expect(store.calls).toHaveLength(1);
  });
});

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
      coalesce(2000),
      limit({ name: 'shop', concurrency: 1, queue: 9 }),
      ...attempt,
      prime,
    ];
    const fetch = stack(store.fetch, layers);
    const ask = (withinMs: number, own: Partial<LayerContext> = {}) =>
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

describe('coalesce', () => {
  function one(timeoutMs = 5000) {
    const store = new FakeStore();
    const layer = coalesce(timeoutMs);
    const fetch = layer.wrap(store.fetch);
    const ask = (own: Partial<LayerContext> = {}, query: Partial<Query> = {}) =>
      fetch({ op: 'get', params: { key: 'a' }, want: 'value', ...query }, context(own));
    return { store, layer, ask };
  }
  const broken = new CodapError('UNAVAILABLE', 'told to fail');
  const tooMany = (): CodapError => new CodapError('TOO_LARGE', 'too many bytes');

  it('makes one call of a hundred queries that are the same, and counts those that joined', async () => {
    const { store, layer, ask } = one();
    const asked = Array.from({ length: 100 }, () => ask());
    expect(store.calls).toHaveLength(1);
    store.calls[0]?.answer(['x']);
    const payloads = await Promise.all(asked);
    expect(new Set(payloads).size).toBe(1);
    expect(layer.state?.()).toEqual({ coalesced: 99 });
  });

  it('calls again once the call has been answered', async () => {
    const { store, ask } = one();
    for (const at of [0, 1]) {
      const asked = ask();
      store.calls[at]?.answer([String(at)]);
      expect(await read(await asked)).toEqual([String(at)]);
    }
  });

  it.each<[string, Partial<Query>]>([
    ['of another op', { op: 'head' }],
    ['with other params', { params: { key: 'b' } }],
    ['with params of another type', { params: { key: ['a'] } }],
    ['that is read item by item', { want: 'items' }],
    ['that is read as bytes', { want: 'body' }],
  ])('calls once more for one %s', (_what, query) => {
    const { store, ask } = one();
    for (const other of [{}, query]) ask({}, other).catch(() => {});
    expect(store.calls).toHaveLength(2);
  });

  it('calls once more for each one that is too large to be compared', () => {
    const { store, ask } = one();
    for (let at = 0; at < 2; at += 1) ask({}, { params: { key: 'a'.repeat(70_000) } }).catch(() => {});
    expect(store.calls).toHaveLength(2);
  });

  it('fails all who wait, once each, with what the call failed with', async () => {
    const { store, ask } = one();
    const asked = Array.from({ length: 100 }, () => ask());
    store.calls[0]?.fail(broken);
    const settled = await Promise.allSettled(asked);
    expect(settled.every((it) => it.status === 'rejected' && it.reason === broken)).toBe(true);
    expect(store.calls).toHaveLength(1);
  });

  it.each([0, 1])('tells number %i of two who leaves at once, and answers the other', async (leaving) => {
    const { store, ask } = one();
    const controllers = [new AbortController(), new AbortController()];
    const asked = controllers.map(({ signal }) => ask({ signal }));
    const reason = notNeeded();
    controllers[leaving]?.abort(reason);
    await expect(asked[leaving]).rejects.toBe(reason);
    store.calls[0]?.answer(['x']);
    expect(await read((await asked[1 - leaving])!)).toEqual(['x']);
  });

  it('ends the call with the last who leaves, and begins another for who comes then', async () => {
    const { store, layer, ask } = one();
    const controllers = [new AbortController(), new AbortController()];
    const asked = controllers.map(({ signal }) => ask({ signal }).catch(() => {}));
    controllers[1]?.abort(notNeeded());
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    controllers[0]?.abort(notNeeded());
    expect(store.calls[0]?.context.signal.aborted).toBe(true);
    const next = ask();
    expect(store.calls).toHaveLength(2);
    store.calls[1]?.answer(['y']);
    expect(await read(await next)).toEqual(['y']);
    await Promise.all(asked);
    expect(layer.state?.()).toEqual({ coalesced: 1 });
  });

  it('begins another call for who may wait for longer than the first may ever take', () => {
    const { store, ask } = one(1000);
    const now = performance.now();
    for (const left of [1000, 1500, 2500, 2400, 600]) ask({ deadline: now + left }).catch(() => {});
    expect(store.calls).toHaveLength(2);
  });

  it('counts what a call holds in the name of its only caller, within the bound of their batch', async () => {
    const { store, ask } = one();
    const memory = new Memory(10, tooMany);
    const asked = ask({ memory });
    const held = store.calls[0]!.context.memory;
    expect(() => held.hold(11)).toThrow('too many bytes');
    held.hold(10);
    store.calls[0]?.answer(['x']);
    await asked;
    expect(memory.held).toBe(10);
  });

  it('counts what a call holds in no name once somebody joins, and its answer in the name of each', async () => {
    const { store, ask } = one();
    const whole = processMemory(1000);
    const [first, second, poor] = [100, 100, 9].map((most) => new Memory(most, tooMany, whole));
    const leaving = new AbortController();
    const asked = [ask({ memory: first!, signal: leaving.signal })];
    const held = store.calls[0]!.context.memory;
    held.hold(4);
    asked.push(ask({ memory: second! }), ask({ memory: poor! }));
    expect([first!.held, whole.held]).toEqual([0, 4]);
    leaving.abort(notNeeded());
    first!.close();
    held.hold(6);
    store.calls[0]?.answer(['x']);
    const [left, answered, refused] = await Promise.allSettled(asked);
    expect(left).toMatchObject({ reason: { code: 'CANCELLED' } });
    expect(answered).toMatchObject({ status: 'fulfilled' });
    expect(refused).toMatchObject({ reason: { code: 'TOO_LARGE' } });
    expect([second!.held, poor!.held, whole.held]).toEqual([10, 0, 10]);
  });

  it('works on in no name where the batch of its first caller has ended', async () => {
    const { store, ask } = one();
    const ended = new AbortController();
    const work = new Work(10).endsBy(performance.now() + 5000, ended.signal);
    const asked = [ask({ work, signal: ended.signal }).catch(() => {})];
    const given = store.calls[0]!.context.work;
    expect(() => given.tick(11)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    const turn = given.turn();
    asked.push(ask().then(() => {}));
    ended.abort(notNeeded());
    await turn;
    expect(given.tick(1000)).toBe(false);
    store.calls[0]?.answer(['x']);
    await Promise.all(asked);
  });

  it('tells in the trace of who joined that, and since when, and leaves the attempts to the first', async () => {
    const { store, ask } = one();
    const [first, second] = [{ attempts: [] }, { attempts: [] }] as [CallTrace, CallTrace];
    const before = performance.now();
    const asked = [ask({ trace: first }), ask({ trace: second })];
    expect(store.calls[0]?.context.trace?.attempts).toBe(first.attempts);
    store.calls[0]?.answer(['x']);
    await Promise.all(asked);
    expect(first).toEqual({ attempts: [] });
    expect(second).toEqual({ attempts: [], shared: 'coalesced', started: expect.any(Number) });
    expect(second.started).toBeGreaterThanOrEqual(before);
  });
});
