import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Merger, Parts, Point } from '../../../adapters/adapter.ts';
import { Memory, processMemory } from '../../../src/budget/memory.ts';
import { CodapError, notNeeded } from '../../../src/errors.ts';
import { stack } from '../../../src/sources/layer.ts';
import { coalesce } from '../../../src/sources/layers/coalesce.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { merge } from '../../../src/sources/layers/merge.ts';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import { GrowingDeadline, instantOf, latestOf } from '../../../src/store/deadline.ts';
import type { Query } from '../../../src/store/fetch.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import type { Payload, Value } from '../../../src/store/payload.ts';
import { TypedValue } from '../../../src/store/typed-value.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { FakeStore, type Reached } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

interface KeyPoint extends Point {
  readonly key: string;
}

/**
 * Reads by `key`, at most three together, whose one query is answered with a text of `key=value` and commas.
 * `!` as a value fails its own query, `?` does not tell it.
 */
class KeyMerger implements Merger<KeyPoint> {
  pointOf({ params }: Query): KeyPoint | undefined {
    const { key, group = 'all' } = params as { key?: string; group?: string };
    return key === undefined ? undefined : { group, most: 3, chars: key.length, mostChars: 10, key };
  }

  merged(points: readonly KeyPoint[]): Query {
    return { op: 'many', params: { keys: points.map(({ key }) => key) }, want: 'value' };
  }

  split(answer: Payload): Parts<KeyPoint> {
    const text = String((answer as Value).value);
    if (text === 'nonsense') throw new CodapError('BAD_RESPONSE', 'told to fail');
    const found = new Map(text.split(',').map((pair) => pair.split('=') as [string, string]));
    return {
      of({ key }, { memory }) {
        const value = found.get(key);
        if (value === '?') return undefined;
        if (value === '!') throw new CodapError('NOT_FOUND', 'told to fail');
        memory.hold(value?.length ?? 0);
        return new TypedValue(value ?? null);
      },
    };
  }
}

layerSuite('merge', () => merge(new KeyMerger()));

it('has each call of those that several wait for stand in its caller’s line, where the one query does', async () => {
  const store = new FakeStore();
  const layers = [coalesce(5000), merge(new KeyMerger()), limit({ name: 'shop', concurrency: 1, queue: 9 })];
  const fetch = stack(store.fetch, layers);
  const ask = (key: string, name: string) =>
    fetch({ op: 'get', params: { key }, want: 'value' }, context({ caller: { name, headers: {} } }));
  const asked = [ask('running', 'greedy')];
  await nextTurn();
  asked.push(...['a', 'b'].map((key) => ask(key, 'greedy')), ...['a', 'b'].map((key) => ask(key, 'modest')));
  await nextTurn();
  asked.push(ask('a', 'greedy'));
  for (let turn = 0; turn < 5; turn += 1) {
    store.calls[turn]?.answer(['a=1,b=2']);
    await nextTurn();
  }
  await Promise.all(asked);
  expect(store.calls.map(({ query, context: { caller } }) => [caller.name, query.params])).toEqual([
    ['greedy', { key: 'running' }],
    ['greedy', { keys: ['a', 'b'] }],
    ['modest', { keys: ['a', 'b'] }],
  ]);
});

it.each<[string, (reached: Reached) => void, string]>([
  ['the one query is refused', ({ fail }) => fail(new CodapError('INVALID', 'told to fail')), 'refused'],
  ['its answer does not tell', ({ answer }) => answer(['a=?,b=?']), 'untold'],
  ['they are asked for alone at once', ({ answer }) => answer(['b']), 'alone'],
])(
  'who has to wait in a line of their own, once whoever began has left, is asked for there: %s',
  async (_why, end, how) => {
    const unheard: unknown[] = [];
    const listener = (error: unknown) => void unheard.push(error);
    process.on('unhandledRejection', listener);
    const store = new FakeStore();
    const layers = [coalesce(5000), merge(new KeyMerger()), limit({ name: 'shop', concurrency: 1, queue: 9 })];
    const fetch = stack(store.fetch, layers);
    const ask = (key: string, name: string, own: Partial<LayerContext> = {}) =>
      fetch({ op: 'get', params: { key }, want: 'value' }, context({ caller: { name, headers: {} }, ...own }));
    const leaving = new AbortController();
    const before = [ask('b', how === 'alone' ? 'third' : 'first')];
    if (how === 'alone') await nextTurn();
    const left = ask('a', 'first', { signal: leaving.signal });
    if (how !== 'alone') await nextTurn();
    const others = [ask('other', 'third'), ask('a', 'second')];
    leaving.abort(notNeeded());
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    await nextTurn();
    end(store.calls[0]!);
    for (let turn = 1; turn < 6; turn += 1) {
      await nextTurn();
      store.calls[turn]?.answer(['v']);
    }
    await Promise.allSettled(before);
    expect(await Promise.all(others)).toMatchObject([{ kind: 'value' }, { kind: 'value' }]);
    process.off('unhandledRejection', listener);
    expect(unheard).toEqual([]);
  },
);

describe('merge', () => {
  function one() {
    const store = new FakeStore();
    const layer = merge(new KeyMerger());
    const fetch = layer.wrap(store.fetch);
    const ask = (key: string, own: Partial<LayerContext> = {}, group?: string) =>
      fetch({ op: 'get', params: { key, ...(group && { group }) }, want: 'value' }, context(own));
    const valueOf = async (asked: Promise<Payload>): Promise<unknown> => ((await asked) as Value).value;
    const asked = () => store.calls.map(({ query }) => query.params);
    return { store, layer, fetch, ask, valueOf, asked };
  }
  const failed = (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: unknown) => error);

  it('asks all of one turn in one query, and answers each with its own', async () => {
    const { store, layer, ask, valueOf, asked } = one();
    const all = [ask('a'), ask('b'), ask('c')];
    await nextTurn();
    expect(asked()).toEqual([{ keys: ['a', 'b', 'c'] }]);
    store.calls[0]?.answer(['c=3,a=1']);
    expect(await Promise.all(all.map(valueOf))).toEqual(['1', null, '3']);
    // It is counted once all have been answered.
    await nextTurn();
    expect(layer.state?.()).toEqual({ merged: 2 });
  });

  it('leaves one that is alone in its turn as it is, and what is no point read', async () => {
    const { store, fetch, asked } = one();
    const own = context();
    const others: readonly Query[] = [
      { op: 'get', params: {}, want: 'value' },
      { op: 'get', params: { key: 'b' }, want: 'items' },
    ];
    for (const query of others) fetch(query, own).catch(() => {});
    expect(asked()).toEqual([{}, { key: 'b' }]);
    fetch({ op: 'get', params: { key: 'a' }, want: 'value' }, own).catch(() => {});
    await nextTurn();
    expect(asked()).toEqual([{}, { key: 'b' }, { key: 'a' }]);
    expect(store.calls[2]?.context).toBe(own);
  });

  it('asks no more together than its store bears, and none of two groups', async () => {
    const { ask, asked } = one();
    for (const key of ['a', 'b', 'c', 'd', 'e']) ask(key).catch(() => {});
    for (const key of ['f', 'g']) ask(key, {}, 'other').catch(() => {});
    await nextTurn();
    expect(asked()).toEqual([{ keys: ['a', 'b', 'c'] }, { keys: ['d', 'e'] }, { keys: ['f', 'g'] }]);
  });

  it('asks no more together than what its store bears of characters, and what is long by itself alone', async () => {
    const { ask, asked } = one();
    for (const key of ['aaaaa', 'bbbbb', 'c', 'd'.repeat(11), 'e', 'f']) ask(key).catch(() => {});
    await nextTurn();
    expect(asked()).toEqual([{ keys: ['aaaaa', 'bbbbb'] }, { key: 'd'.repeat(11) }, { keys: ['c', 'e', 'f'] }]);
  });

  it('asks none together whose callers the store sees otherwise', async () => {
    const { ask, asked } = one();
    for (const accept of ['a', 'b', 'a']) ask('k', { caller: { headers: { accept } } }).catch(() => {});
    await nextTurn();
    expect(asked()).toEqual([{ keys: ['k', 'k'] }, { key: 'k' }]);
  });

  it.each([
    ['of two callers, each of whom has a line of its own', [{ name: 'a' }, { name: 'b' }, { name: 'a' }]],
    [
      'whose names and headers are the same text together',
      [{ name: '1' }, { name: '1', headers: { a: 'b' } }, { name: '1' }],
    ],
    ['of a caller whose headers are too large to compare', [{}, { headers: { a: 'x'.repeat(70_000) } }, {}]],
  ])('asks none together %s', async (_which, callers) => {
    const { ask, asked } = one();
    for (const caller of callers) ask('k', { caller: { headers: {}, ...caller } }).catch(() => {});
    await nextTurn();
    expect(asked().toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
      { key: 'k' },
      { keys: ['k', 'k'] },
    ]);
  });

  it('asks for who comes in a turn in which all before have left', async () => {
    const { store, ask, valueOf } = one();
    const leaving = new AbortController();
    const left = failed(ask('z', { signal: leaving.signal }));
    leaving.abort(notNeeded());
    const all = [ask('a'), ask('b')];
    await nextTurn();
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    store.calls[0]?.answer(['a=1,b=2']);
    expect(await Promise.all(all.map(valueOf))).toEqual(['1', '2']);
    await left;
  });

  it('does not ask for who has left before the turn is over, nor at all if all have', async () => {
    const { ask, asked } = one();
    const reason = notNeeded();
    const leaving = new AbortController();
    const left = [ask('a', { signal: leaving.signal }), ask('z', { signal: leaving.signal }, 'other')];
    ask('b').catch(() => {});
    leaving.abort(reason);
    for (const one of left) await expect(one).rejects.toBe(reason);
    await nextTurn();
    expect(asked()).toEqual([{ key: 'b' }]);
  });

  it('tells who leaves at once, answers the others, and ends the query with the last', async () => {
    const { store, ask, valueOf } = one();
    const controllers = [new AbortController(), new AbortController()];
    const reason = notNeeded();
    const first = ask('a', { signal: controllers[0]!.signal });
    const second = ask('b', { signal: controllers[1]!.signal });
    await nextTurn();
    controllers[0]?.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(store.calls[0]?.context.signal.aborted).toBe(false);
    store.calls[0]?.answer(['a=1,b=2']);
    expect(await valueOf(second)).toBe('2');

    const all = controllers.map((_, at) => {
      controllers[at] = new AbortController();
      return failed(ask('a', { signal: controllers[at].signal }));
    });
    await nextTurn();
    for (const controller of controllers) controller.abort(reason);
    expect(await Promise.all(all)).toEqual([reason, reason]);
    expect(store.calls[1]?.context.signal.aborted).toBe(true);
  });

  it('lets the query go on to the latest of all deadlines, also of one that grows', async () => {
    const { store, ask } = one();
    const now = performance.now();
    const growing = new GrowingDeadline(now + 100, now + 3000);
    for (const deadline of [now + 200, growing]) ask('a', { deadline }).catch(() => {});
    await nextTurn();
    const { deadline } = store.calls[0]!.context;
    expect([instantOf(deadline), latestOf(deadline)]).toEqual([now + 200, now + 3000]);
    growing.extend(now + 1000);
    expect(instantOf(deadline)).toBe(now + 1000);
  });

  it.each([
    ['with what the query failed with', new CodapError('UNAVAILABLE', 'told to fail')],
    ['also where codap turned it away', new CodapError('INVALID', 'told to fail', { rejected: true })],
  ])('fails all, once each, %s', async (_how, broken) => {
    const { store, ask } = one();
    const all = [failed(ask('a')), failed(ask('b'))];
    await nextTurn();
    store.calls[0]?.fail(broken);
    expect(await Promise.all(all)).toEqual([broken, broken]);
    expect(store.calls).toHaveLength(1);
  });

  it('fails all where the answer cannot be taken apart', async () => {
    const { store, ask } = one();
    const all = [failed(ask('a')), failed(ask('b'))];
    await nextTurn();
    store.calls[0]?.answer(['nonsense']);
    for (const error of await Promise.all(all)) expect(error).toMatchObject({ code: 'BAD_RESPONSE' });
    expect(store.calls).toHaveLength(1);
  });

  it.each(['INVALID', 'TOO_LARGE', 'BAD_RESPONSE'] as const)(
    'asks each alone where one of them may be what is %s',
    async (code) => {
      const { store, ask, valueOf, asked } = one();
      const all = [ask('a'), ask('b')];
      await nextTurn();
      store.calls[0]?.fail(new CodapError(code, 'told to fail'));
      await nextTurn();
      expect(asked().slice(1)).toEqual([{ key: 'a' }, { key: 'b' }]);
      store.calls[1]?.answer(['1']);
      store.calls[2]?.fail(new CodapError(code, 'told to fail'));
      expect(await valueOf(all[0]!)).toBe('1');
      await expect(all[1]).rejects.toMatchObject({ code });
    },
  );

  it('fails one alone, and asks one alone of which only its own query can tell', async () => {
    const { store, ask, valueOf, asked } = one();
    const all = [ask('a'), failed(ask('b')), ask('c')] as [Promise<Payload>, Promise<unknown>, Promise<Payload>];
    await nextTurn();
    store.calls[0]?.answer(['a=1,b=!,c=?']);
    expect(await valueOf(all[0])).toBe('1');
    expect(await all[1]).toMatchObject({ code: 'NOT_FOUND' });
    // Where the loop was held, the next one has its turn a little later.
    await vi.waitFor(() => expect(asked()[1]).toEqual({ key: 'c' }));
    store.calls[1]?.answer(['3']);
    expect(await valueOf(all[2])).toBe('3');
  });

  it('holds the answer in no name, and its parts in the name of each', async () => {
    const { store, ask } = one();
    const tooMany = (): CodapError => new CodapError('TOO_LARGE', 'too many bytes');
    const whole = processMemory(1000);
    const [rich, poor] = [100, 2].map((most) => new Memory(most, tooMany, whole)) as [Memory, Memory];
    const all = [ask('a', { memory: rich }), failed(ask('b', { memory: poor }))];
    await nextTurn();
    store.calls[0]?.context.memory.hold(50);
    expect([rich.held, poor.held, whole.held]).toEqual([0, 0, 50]);
    store.calls[0]?.answer(['a=111,b=222']);
    await all[0];
    expect(await all[1]).toMatchObject({ code: 'TOO_LARGE' });
    await nextTurn();
    expect([rich.held, poor.held, whole.held]).toEqual([3, 0, 3]);
  });

  it('tells in the traces of those who joined the first that they did', async () => {
    const { store, ask } = one();
    const traces: CallTrace[] = [{ attempts: [] }, { attempts: [] }];
    for (const trace of traces) ask('a', { trace }).catch(() => {});
    await nextTurn();
    expect(store.calls[0]?.context.trace?.attempts).toBe(traces[0]?.attempts);
    expect(traces).toEqual([{ attempts: [] }, { attempts: [], shared: 'merged', started: expect.any(Number) }]);
  });

  const INVALID = new CodapError('INVALID', 'no');
  const DOWN = new CodapError('UNAVAILABLE', 'down');
  it.each<[string, readonly (string | CodapError)[], readonly string[], string]>([
    ['each has its own', ['a=1,b=2,c=3'], ['abc'], 'bc'],
    ['one fails by itself', ['a=1,b=!,c=3'], ['abc'], 'bc'],
    ['all fail together', [DOWN], ['abc'], 'bc'],
    ['one is asked alone', ['a=1,b=?,c=3', 'x'], ['abc', 'b'], 'c'],
    ['the first is asked alone', ['a=?,b=2,c=3', 'x'], ['abc', 'a'], 'bc'],
    ['each is asked alone', [INVALID, 'x', 'x', 'x'], ['abc', 'a', 'b', 'c'], ''],
    ['none is told', ['a=?,b=?,c=?', 'x', 'x', 'x'], ['abc', 'a', 'b', 'c'], ''],
    ['two are asked once more', ['a=1,b=?,c=?', 'b=2,c=3'], ['abc', 'bc'], 'c'],
    ['the first and another are asked once more', ['a=?,b=2,c=?', 'a=1'], ['abc', 'ac'], 'bc'],
    ['one is not told then either', ['a=1,b=?,c=?', 'b=2,c=?', 'x'], ['abc', 'bc', 'c'], ''],
    ['none is told then either', ['a=1,b=?,c=?', 'b=?,c=?', 'x', 'x'], ['abc', 'bc', 'b', 'c'], ''],
    ['those fail who are asked once more', ['a=1,b=?,c=?', DOWN], ['abc', 'bc'], 'c'],
    ['one of those may be what is wrong', ['a=1,b=?,c=?', INVALID, 'x', 'x'], ['abc', 'bc', 'b', 'c'], ''],
  ])(
    'where %s, its count and the traces tell of those who shared the query of another',
    async (_what, answers, sent, merged) => {
      const { store, layer, ask, asked } = one();
      const traces = new Map<string, CallTrace>(['a', 'b', 'c'].map((key) => [key, { attempts: [] }]));
      const all = Array.from(traces, ([key, trace]) => failed(ask(key, { trace })));
      for (const [at, answer] of answers.entries()) {
        await vi.waitFor(() => expect(store.calls[at]).toBeDefined());
        if (typeof answer === 'string') store.calls[at]?.answer([answer]);
        else store.calls[at]?.fail(answer);
      }
      await Promise.all(all);
      await nextTurn();
      expect(asked()).toEqual(sent.map((keys) => (keys.length === 1 ? { key: keys } : { keys: keys.split('') })));
      expect(layer.state?.()).toEqual({ merged: merged.length });
      for (const [key, { shared, started }] of traces)
        expect([key, shared, started === undefined]).toEqual(
          merged.includes(key) ? [key, 'merged', false] : [key, undefined, true],
        );
    },
  );

  it('asks once more within the time, in the trace and for as long as those wait whom it is asked for', async () => {
    const { store, ask, valueOf } = one();
    const now = performance.now();
    const own = [9000, 2000, 3000].map((ms) => ({ trace: { attempts: [] }, deadline: now + ms }));
    const [left, stays] = [new AbortController(), new AbortController()];
    const a = ask('a', own[0]);
    const b = failed(ask('b', { ...own[1], signal: left.signal }));
    const c = failed(ask('c', { ...own[2], signal: stays.signal }));
    await nextTurn();
    store.calls[0]?.answer(['a=1,b=?,c=?']);
    expect(await valueOf(a)).toBe('1');
    await vi.waitFor(() => expect(store.calls).toHaveLength(2));
    const { deadline, trace, signal } = store.calls[1]!.context;
    expect(instantOf(deadline)).toBe(now + 3000);
    expect(trace?.attempts).toBe(own[1]!.trace.attempts);
    left.abort(notNeeded());
    await b;
    expect([signal.aborted, trace?.attempts === own[2]!.trace.attempts]).toEqual([false, true]);
    stays.abort(notNeeded());
    await c;
    expect(signal.aborted).toBe(true);
  });

  it('says how many may be asked together, of a point read alone', () => {
    const { layer } = one();
    expect(layer.bounds?.({ op: 'get', params: { key: 'a' }, want: 'value' }, NOBODY)).toEqual({ together: 3 });
    expect(layer.bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY)).toBeUndefined();
  });
});
