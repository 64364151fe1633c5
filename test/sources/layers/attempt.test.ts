import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodapError, notNeeded } from '../../../src/errors.ts';
import { type Layer, stack } from '../../../src/sources/layer.ts';
import { attempt } from '../../../src/sources/layers/attempt.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import type { LayerContext } from '../../../src/sources/layer-context.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

const BROKEN = new CodapError('UNAVAILABLE', 'told to fail');

layerSuite('attempt', () => attempt);

layerSuite('attempt, where the batch is traced', () => ({
  ...attempt,
  wrap: (next) => {
    const fetch = attempt.wrap(next);
    return (query, context) => fetch(query, { ...context, trace: { attempts: [] } });
  },
}));

it('where nobody traces, it hands on the very promise of what is below', () => {
  const promise = Promise.resolve({ kind: 'value', json: '1', value: 1 } as const);
  const given = context();
  const next = vi.fn<() => typeof promise>(() => promise);
  const query = { op: 'get', params: {}, want: 'value' } as const;
  expect(attempt.wrap(next)(query, given)).toBe(promise);
  expect(next).toHaveBeenCalledExactlyOnceWith(query, given);
});

describe('what a traced call tells of its attempts', () => {
  let store: FakeStore;
  let trace: CallTrace;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 });
    store = new FakeStore();
    trace = { attempts: [] };
  });
  afterEach(() => void vi.useRealTimers());

  const asking = (layers: readonly Layer[], own: Partial<LayerContext> = {}, want: Payload['kind'] = 'value') =>
    stack(store.fetch, layers)({ op: 'get', params: {}, want }, context({ trace, ...own }));
  const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const began = () => performance.now();

  it.each(['value', 'items', 'body'] as const)('when it left, and when it was answered: %s', async (want) => {
    const at = began();
    const asked = asking([attempt, prime], {}, want);
    await after(30);
    store.calls[0]?.answer(['a', 'b']);
    await asked;
    await after(30);
    expect(trace).toEqual({ started: at, attempts: [{ started: at, ended: at + 30 }] });
  });

  it('as a span that its store is told of, where traces are exported', async () => {
    const seen: unknown[] = [];
    let made = 0;
    const spanOf = ({ op }: { op: string }) => {
      made += 1;
      return { id: `${made}`, traceparent: `00-a-${made}-01`, tracestate: `v=${made}`, name: op, attributes: {} };
    };
    const caller = { headers: { a: 'b' }, traceparent: '00-a-0-01', tracestate: 'v=0' };
    const own = context({ caller, trace: { attempts: [], spanOf } });
    const answers = [{ status: 200 }, new CodapError('UNAVAILABLE', 'told to fail', { status: 503 })];
    const fetch = attempt.wrap((_query, given) => {
      seen.push(given.caller);
      const answer = answers.shift();
      if (answer instanceof CodapError) return Promise.reject(answer);
      return Promise.resolve({ kind: 'value', json: '1', value: 1, meta: answer! });
    });
    const query = { op: 'get', params: {}, want: 'value' } as const;
    await fetch(query, own);
    await expect(fetch(query, { ...own, hedge: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(seen).toEqual([
      { ...caller, traceparent: '00-a-1-01', tracestate: 'v=1' },
      { ...caller, traceparent: '00-a-2-01', tracestate: 'v=2' },
    ]);
    expect(own.trace?.attempts).toMatchObject([
      { span: { id: '1', name: 'get', status: 200 } },
      { span: { id: '2', name: 'get', status: 503 }, hedge: true, code: 'UNAVAILABLE' },
    ]);
  });

  it('why it failed', async () => {
    const at = began();
    const asked = asking([attempt]).catch(() => {});
    await after(20);
    store.calls[0]?.fail(BROKEN);
    await asked;
    expect(trace.attempts).toEqual([{ started: at, ended: at + 20, code: 'UNAVAILABLE' }]);
  });

  it.each([
    ['its own time', [attempt, attemptTimeout('shop', 40)]],
    ["the query's time", [timeout('shop'), attempt]],
  ])('that %s was over, at once, also where the store does not notice', async (_whose, layers) => {
    const at = began();
    const deaf: Layer = {
      name: 'deaf',
      wrap: (next) => (query, seen) => next(query, { ...seen, signal: new AbortController().signal }),
    };
    const asked = asking([...layers, deaf], { deadline: at + 40 });
    await Promise.all([expect(asked).rejects.toMatchObject({ code: 'TIMEOUT' }), after(40)]);
    expect(trace.attempts).toEqual([{ started: at, ended: at + 40, code: 'TIMEOUT' }]);
    store.calls[0]?.answer(['late']);
    await after(10);
    expect(trace.attempts).toEqual([{ started: at, ended: at + 40, code: 'TIMEOUT' }]);
  });

  it('that nobody wanted it any more', async () => {
    const at = began();
    const controller = new AbortController();
    const asked = asking([attempt], { signal: controller.signal });
    await after(5);
    controller.abort(notNeeded());
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(trace.attempts).toEqual([{ started: at, ended: at + 5, code: 'CANCELLED' }]);
  });

  it('none, where that was so before, or it was turned away above', async () => {
    await expect(asking([attempt], { signal: AbortSignal.abort(notNeeded()) })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const full = limit({ name: 'shop', concurrency: 0, queue: 0 });
    await expect(asking([full, attempt])).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(trace).toEqual({ attempts: [] });
  });

  it('each, where a layer above tries again, and which one is a hedge', async () => {
    const at = began();
    const twice: Layer = {
      name: 'twice',
      wrap: (next) => (query, seen) => next(query, seen).catch(() => next(query, { ...seen, hedge: true })),
    };
    const asked = asking([twice, attempt]);
    await after(10);
    store.calls[0]?.fail(BROKEN);
    await after(0);
    await after(10);
    store.calls[1]?.answer(['x']);
    await asked;
    expect(trace).toEqual({
      started: at,
      attempts: [
        { started: at, ended: at + 10, code: 'UNAVAILABLE' },
        { started: at + 10, ended: at + 20, hedge: true },
      ],
    });
  });

  it('from when there was a place for it', async () => {
    const layers = [limit({ name: 'shop', concurrency: 1, queue: 1 }), attempt];
    const fetch = stack(store.fetch, layers);
    const at = began();
    const both = [{ attempts: [] }, trace].map((trace) =>
      fetch({ op: 'get', params: {}, want: 'value' }, context({ trace })),
    );
    await after(25);
    store.calls[0]?.answer(['x']);
    await after(0);
    store.calls[1]?.answer(['y']);
    await Promise.all(both);
    expect(trace).toEqual({ started: at + 25, attempts: [{ started: at + 25, ended: at + 25 }] });
  });
});
