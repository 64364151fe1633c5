import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import { Who } from '../../src/sources/call.ts';
import { bounds } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';
import { FakeStore } from '../layer-suite/fake-store.ts';

/** One source of a store whose calls wait for a test. */
async function openOne(own: object = {}) {
  const store = new FakeStore();
  let closed = 0;
  const waiting: Adapter = {
    options: z.strictObject({}),
    ops: { get: { params: z.strictObject({}) } },
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

it.each([
  [{}, ['timeout', 'limit', 'prime']],
  [{ attemptTimeoutMs: 300 }, ['timeout', 'limit', 'attempt timeout', 'prime']],
])('a source with the options %j has these layers, outermost first: %j', async (own, names) => {
  const { opened, source } = await openOne(own);
  await using _closing = opened;
  expect(source.layers.map(({ name }) => name)).toEqual(names);
});

it('its layers tell what they hold a query to, and how they stand', async () => {
  const { opened, source, store } = await openOne({ attemptTimeoutMs: 300, queue: 5 });
  await using _closing = opened;
  const told = (what: 'state' | 'bounds') =>
    source.layers.flatMap((layer) => {
      const numbers = what === 'state' ? layer.state?.() : layer.bounds?.({ op: 'get', params: {}, want: 'value' });
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

it('its connection is closed once', async () => {
  const { opened, closings } = await openOne();
  await opened[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  expect(closings()).toBe(1);
});
