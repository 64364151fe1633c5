import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import { CodapError } from '../../src/errors.ts';
import { Who } from '../../src/sources/call.ts';
import { bounds, NOBODY } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';
import { FakeStore } from '../layer-suite/fake-store.ts';

/** One source of a store whose calls wait for a test. */
async function openOne(own: object = {}) {
  const store = new FakeStore();
  let closed = 0;
  const waiting: Adapter = {
    options: z.strictObject({}),
    ops: { get: { params: z.strictObject({}) }, sign: { params: z.strictObject({}), local: true } },
    defaults: { concurrency: 1 },
    secrets: () => [],
    example: () => ({ op: 'get', params: {} }),
    compile: () => ({}),
    describe: () => ({ request: {}, bound: {} }),
    open: () =>
      Promise.resolve({
        fetch: store.fetch,
        ping: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(void (closed += 1)),
      }),
  };
  const kinds = { waiting };
  const opened = await openSources(parseConfig({ sources: { one: { adapter: 'waiting', ...own } } }, {}, kinds), kinds);
  return { opened, source: opened.sources.get('one')!, store, closings: () => closed };
}

/** All that is on by default turned off. */
const NONE = { coalesce: false, retry: false, breaker: false };

it.each([
  [{}, ['coalesce', 'retry', 'breaker', 'flowing', 'limit', 'judge', 'attempt']],
  [NONE, ['flowing', 'limit', 'judge', 'attempt']],
  [
    { ...NONE, attemptTimeoutMs: 300, rate: { perSecond: 50, burst: 10 } },
    ['flowing', 'rate', 'limit', 'judge', 'attempt', 'attempt timeout'],
  ],
  [{ ...NONE, hedge: true }, ['hedge', 'flowing', 'limit', 'judge', 'attempt']],
  [{ ...NONE, cache: { ttlMs: 100 } }, ['cache', 'flowing', 'limit', 'judge', 'attempt']],
  [
    { cache: { ttlMs: 1 }, hedge: true, rate: { perSecond: 1, burst: 1 }, attemptTimeoutMs: 1 },
    [
      'cache',
      'coalesce',
      'retry',
      'hedge',
      'breaker',
      'flowing',
      'rate',
      'limit',
      'judge',
      'attempt',
      'attempt timeout',
    ],
  ],
])(
  'a source with the options %j has these layers below its own time-out and above prime, outermost first: %j',
  async (own, names) => {
    const { opened, source } = await openOne(own);
    await using _closing = opened;
    expect(source.layers.map(({ name }) => name)).toEqual(['observe', 'timeout', ...names, 'prime']);
  },
);

it('its layers tell what they hold a query to, and how they stand', async () => {
  const { opened, source, store } = await openOne({ ...NONE, attemptTimeoutMs: 300, queue: 5 });
  await using _closing = opened;
  const told = (what: 'state' | 'bounds') =>
    source.layers.flatMap((layer) => {
      const numbers =
        what === 'state' ? layer.state?.() : layer.bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY);
      return numbers ? [[layer.name, numbers]] : [];
    });
  expect(told('bounds')).toEqual([
    ['limit', { concurrency: 1, queue: 5 }],
    ['attempt timeout', { timeoutMs: 300 }],
  ]);
  const asked = source.call({ op: 'get', params: {}, want: 'value' }, new Who({ headers: {} }), bounds());
  const next = source.call({ op: 'get', params: {}, want: 'value' }, new Who({ headers: {} }), bounds());
  expect(told('state')).toEqual([['limit', { running: 1, queued: 1, limit: 1 }]]);
  store.calls[0]?.answer(['a']);
  await asked;
  store.calls[1]?.answer(['b']);
  await next;
  expect(told('state')).toEqual([['limit', { running: 0, queued: 0, limit: 1 }]]);
});

it('what codap answers by itself says nothing of the store, and is not kept from it', async () => {
  const { opened, source, store } = await openOne({ breaker: { calls: 1 }, rate: { perSecond: 0.001, burst: 1 } });
  await using _closing = opened;
  const ask = (op: string) => source.call({ op, params: {}, want: 'value' }, new Who({ headers: {} }), bounds());
  const sign = async () => {
    const asked = ask('sign');
    store.calls.at(-1)?.answer(['signed']);
    expect(await asked).toMatchObject({ json: '"signed"' });
  };
  await sign();
  const failed = expect(ask('get')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  store.calls.at(-1)?.fail(new CodapError('UNAVAILABLE', 'down'));
  await failed;
  await expect(ask('get')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  await sign();
  await expect(ask('get')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(store.calls).toHaveLength(3);
});

it('what codap answers by itself keeps its place in the line as the circuit opens', async () => {
  const { opened, source, store } = await openOne({ ...NONE, breaker: { calls: 1 } });
  await using _closing = opened;
  const ask = (op: string) => source.call({ op, params: {}, want: 'value' }, new Who({ headers: {} }), bounds());
  const [failed, turnedAway, signed] = [ask('get'), ask('get'), ask('sign')];
  store.calls[0]?.fail(new CodapError('UNAVAILABLE', 'down'));
  await expect(failed).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(turnedAway).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  store.calls[1]?.answer(['signed']);
  expect(await signed).toMatchObject({ json: '"signed"' });
});

it('what codap answers by itself passes by all that is held against a store, and says so', async () => {
  const own = { cache: { ttlMs: 100 }, hedge: true, rate: { perSecond: 50, burst: 10 } };
  const { opened, source } = await openOne(own);
  await using _closing = opened;
  const held = (op: string) =>
    source.layers.filter((layer) => layer.bounds?.({ op, params: {}, want: 'value' }, NOBODY)).map(({ name }) => name);
  expect(held('get')).toEqual(['cache', 'coalesce', 'retry', 'hedge', 'breaker', 'rate', 'limit']);
  expect(held('sign')).toEqual(['coalesce', 'limit']);
});

it('its connection is closed once', async () => {
  const { opened, closings } = await openOne();
  await opened[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  expect(closings()).toBe(1);
});
