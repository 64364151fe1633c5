import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Merger } from '../../adapters/adapter.ts';
import { CodapError, tooLate } from '../../src/errors.ts';
import { type Layer, stack } from '../../src/sources/layer.ts';
import { attempt } from '../../src/sources/layers/attempt.ts';
import { coalesce } from '../../src/sources/layers/coalesce.ts';
import { merge } from '../../src/sources/layers/merge.ts';
import { retry } from '../../src/sources/layers/retry.ts';
import type { CallTrace } from '../../src/store/call-trace.ts';
import type { Caller } from '../../src/store/fetch.ts';
import type { Value } from '../../src/store/payload.ts';
import { context } from '../adapters/source.ts';
import { FakeStore } from '../layer-suite/fake-store.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Reads everything in one query, and answers each with all of it. */
const all: Merger = {
  pointOf: () => ({ group: 'all', most: 100, chars: 1, mostChars: 100 }),
  merged: () => ({ op: 'many', params: {}, want: 'value' }),
  split: (answer) => ({ of: () => answer as Value }),
};

/** The callers of three batches, of which the last is not traced. */
const [HERE, ELSEWHERE, UNTRACED] = ['here', 'elsewhere', 'untraced'].map((traceparent) => ({
  headers: {},
  traceparent,
  tracestate: `of=${traceparent}`,
})) as [Caller, Caller, Caller];

describe.each<[string, readonly Layer[], (at: number) => string]>([
  ['equal ones', [coalesce(5000)], () => 'same'],
  ['merged ones', [merge(all)], String],
  ['equal ones among merged ones', [coalesce(5000), merge(all)], (at) => (at < 2 ? 'same' : 'other')],
])('the attempts of a call that several wait for, %s,', (_what, layers, keyOf) => {
  it.each<[string, readonly Caller[], readonly number[], readonly [number, number]]>([
    ['are told by the first', [HERE, HERE], [], [0, 0]],
    ['are told by the next once the first has left', [HERE, HERE, HERE], [0], [0, 1]],
    ['are told by the next that is still there', [HERE, HERE, HERE], [0, 1], [0, 2]],
    ['are told by the first, whoever else leaves', [HERE, HERE, HERE], [1], [0, 0]],
    ['are told by another batch once the first has left', [HERE, ELSEWHERE], [0], [0, 1]],
    ['are told by the next of the same batch before another', [HERE, ELSEWHERE, HERE], [0], [0, 2]],
    ['are told by another batch once all of the first have left', [HERE, ELSEWHERE, HERE], [0, 2], [0, 1]],
    ['are told by one that is traced before others', [HERE, UNTRACED, ELSEWHERE], [0], [0, 2]],
    ['are told by nobody once all who are traced have left', [HERE, UNTRACED], [0], [0, 1]],
  ])('%s, with the trace context of one who still waits', async (_how, asking, leaving, [before, after]) => {
    const store = new FakeStore();
    const fetch = stack(store.fetch, [...layers, retry({ attempts: 2, budget: 1, perSecond: 1 }), attempt]);
    const asked = asking.map((caller, at) => {
      const leaves = new AbortController();
      const trace: CallTrace | undefined = caller === UNTRACED ? undefined : { attempts: [] };
      const own = context({ caller, trace, signal: leaves.signal });
      const answer = fetch({ op: 'get', params: keyOf(at), want: 'value' }, own).catch(() => {});
      return { leaves, trace, answer };
    });
    await vi.waitFor(() => expect(store.calls).toHaveLength(1));
    for (const at of leaving) asked[at]?.leaves.abort(tooLate('shop'));
    store.calls[0]?.fail(new CodapError('UNAVAILABLE', 'down'));
    await vi.advanceTimersByTimeAsync(20);
    store.calls[1]?.answer(['x']);
    await Promise.all(asked.map(({ answer }) => answer));
    const told = asked.map(({ trace }) => trace?.attempts.map(({ code }) => code ?? 'ok'));
    const expected = asking.map((caller): string[] | undefined => (caller === UNTRACED ? undefined : []));
    expected[before]?.push('UNAVAILABLE');
    expected[after]?.push('ok');
    expect(told).toEqual(expected);
    expect(store.calls.map(({ context: { caller } }) => caller)).toEqual([asking[before], asking[after]]);
  });
});
