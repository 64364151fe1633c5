import { describe, expect, it } from 'vitest';
import { notNeeded } from '../../../src/errors.ts';
import { type CountingLayer, stack } from '../../../src/sources/layer.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { context, NOBODY } from '../../adapters/source.ts';
import { FakeStore, leave } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('a limit', () => whole(1, 1));

/** Both of its layers, nothing between them. */
function whole(concurrency: number, queue: number): CountingLayer<'limit'> {
  const layer = limit({ name: 'shop', concurrency, queue });
  return { ...layer, wrap: (next) => stack(next, [layer.flowing, layer]) };
}

function limited(concurrency: number, queue: number) {
  const store = new FakeStore();
  const layer = whole(concurrency, queue);
  const fetch = layer.wrap(store.fetch);
  const ask = (key: string, signal = new AbortController().signal, want: Payload['kind'] = 'value') =>
    askAs(undefined, key, signal, want);
  const askAs = (
    name: string | undefined,
    key: string,
    signal = new AbortController().signal,
    want: Payload['kind'] = 'value',
  ) => fetch({ op: 'get', params: key, want }, context({ signal, caller: { headers: {}, name } }));
  return { ask, askAs, store, layer, keys: () => store.calls.map(({ query }) => query.params) };
}

const turn = () => new Promise(setImmediate);

it('lets so many calls run and so many wait, and turns away what is beyond', async () => {
  const { ask, store, layer, keys } = limited(2, 1);
  const asked = [ask('a'), ask('b'), ask('c')];
  await expect(ask('d')).rejects.toMatchObject({ code: 'OVERLOADED', source: 'shop', rejected: true });
  expect(layer.state?.()).toEqual({ running: 2, queued: 1, limit: 2 });
  expect(layer.bounds?.({ op: 'get', params: {}, want: 'value' }, NOBODY)).toEqual({ concurrency: 2, queue: 1 });
  for (const key of ['a', 'b', 'c']) {
    store.calls[keys().indexOf(key)]?.answer([key]);
    await turn();
  }
  await Promise.all(asked);
  expect(layer.state?.()).toEqual({ running: 0, queued: 0, limit: 2 });
});

it('lets those who wait run in the order in which they came, but for those who left', async () => {
  const { ask, store, layer, keys } = limited(1, 3);
  const leaving = new AbortController();
  const asked = [ask('a'), ask('b'), ask('c', leaving.signal), ask('d')];
  const left = expect(asked[2]).rejects.toMatchObject({ code: 'CANCELLED' });
  leaving.abort(notNeeded());
  await left;
  expect(layer.state?.()).toMatchObject({ running: 1, queued: 2 });
  for (const [at, key] of ['a', 'b', 'd'].entries()) {
    expect(keys()[at]).toBe(key);
    store.calls[at]?.answer([key]);
    await turn();
  }
  expect(keys()).toEqual(['a', 'b', 'd']);
});

it.each(['items', 'body'] as const)('keeps the place of what flows until it is closed: %s', async (want) => {
  const { ask, store, keys } = limited(1, 1);
  const open = ask('a', undefined, want);
  const next = ask('b');
  store.calls[0]?.answer(['x'], 'stalls');
  await turn();
  expect(keys()).toEqual(['a']);
  await leave(await open);
  await turn();
  expect(keys()).toEqual(['a', 'b']);
  store.calls[1]?.answer(['y']);
  await next;
});

it('keeps the place of what lingers in the store after its caller has left', async () => {
  const { ask, store, layer } = limited(1, 1);
  const leaving = new AbortController();
  const asked = ask('a', leaving.signal).catch(() => {});
  const lingering = Promise.withResolvers<void>();
  store.calls[0]?.context.lingers?.(lingering.promise);
  leaving.abort(notNeeded());
  await asked;
  expect(layer.state?.()).toMatchObject({ running: 1 });
  lingering.resolve();
  await turn();
  expect(layer.state?.()).toMatchObject({ running: 0 });
});

it('lets one of each caller in after the other', async () => {
  const { askAs, store, keys } = limited(1, 10);
  const asked = ['g0', 'g1', 'g2', 'g3', 'm0', 'n0', 'm1'].map((key) => askAs(key[0], key));
  for (let at = 0; at < 7; at += 1) {
    store.calls[at]?.answer(['x']);
    await turn();
  }
  await Promise.all(asked);
  expect(keys()).toEqual(['g0', 'g1', 'm0', 'n0', 'g2', 'm1', 'g3']);
});

it('turns away, once it is full, who has most waiting', async () => {
  const { askAs, store, layer, keys } = limited(1, 3);
  const asked = ['g0', 'g1', 'g2', 'g3'].map((key) => askAs('g', key));
  const away = expect(asked[3]).rejects.toMatchObject({ code: 'OVERLOADED', source: 'shop', rejected: true });
  asked.push(askAs('m', 'm0'));
  await away;
  await expect(askAs('g', 'g4')).rejects.toMatchObject({ code: 'OVERLOADED' });
  await expect(askAs('m', 'm1')).rejects.toMatchObject({ code: 'OVERLOADED' });
  expect(layer.state?.()).toEqual({ running: 1, queued: 3, limit: 1 });
  for (let at = 0; at < 4; at += 1) {
    store.calls[at]?.answer(['x']);
    await turn();
  }
  expect(keys()).toEqual(['g0', 'g1', 'm0', 'g2']);
  expect(layer.state?.()).toEqual({ running: 0, queued: 0, limit: 1 });
});

describe.each(['items', 'body'] as const)(
  'of what flows there are fewer places, so that what is gathered finds one: %s',
  (want) => {
    const list = { op: 'get', params: {}, want };
    const alive = new AbortController().signal;

    it.each([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 3],
      [5, 4],
      [50, 38],
      [100, 75],
      [512, 384],
    ])('of %i places %i', async (concurrency, most) => {
      const { ask, store, layer } = limited(concurrency, 1000);
      expect(layer.bounds?.(list, NOBODY)).toEqual({ concurrency: most, queue: 1000 });
      expect(layer.bounds?.({ ...list, want: 'value' }, NOBODY)).toEqual({ concurrency, queue: 1000 });
      const flowing = Array.from({ length: concurrency + 1 }, (_, at) => ask(`f${at}`, alive, want));
      for (const { answer } of store.calls) answer(['x'], 'stalls');
      await Promise.all(flowing.slice(0, most));
      expect(layer.state?.()).toEqual({ running: most, queued: concurrency + 1 - most, limit: concurrency });
      const gathered = Array.from({ length: concurrency - most }, (_, at) => ask(`g${at}`));
      expect(layer.state?.()).toMatchObject({ running: concurrency, queued: concurrency + 1 - most });
      for (const { answer } of store.calls.slice(most)) answer(['x']);
      await Promise.all(gathered);
      // Those who wait are let in as places come free.
      for (const flow of flowing) {
        await leave(await flow);
        await turn();
        store.calls.at(-1)?.answer(['x'], 'stalls');
      }
      expect(layer.state?.()).toEqual({ running: 0, queued: 0, limit: concurrency });
    });

    it('wait in a line of their own, in which callers take turns', async () => {
      const { askAs, store, layer, keys } = limited(4, 3);
      const flowing = ['g0', 'g1', 'g2'].map((key) => askAs('g', key, alive, want));
      for (const { answer } of store.calls) answer(['x'], 'stalls');
      const waiting = ['g3', 'g4', 'm0'].map((key) => askAs(key[0], key, alive, want));
      await expect(askAs('g', 'g5', alive, want)).rejects.toMatchObject({ code: 'OVERLOADED', rejected: true });
      // That line being full is no matter of what is gathered, nor is what waits there before it.
      const gathered = ['v0', 'v1', 'v2', 'v3'].map((key) => askAs('g', key));
      expect(layer.state?.()).toEqual({ running: 4, queued: 6, limit: 4 });
      for (let at = 3; at < 7; at += 1) {
        store.calls[at]?.answer(['x']);
        await turn();
      }
      await Promise.all(gathered);
      for (const flow of [...flowing, ...waiting]) {
        await leave(await flow);
        await turn();
        store.calls.at(-1)?.answer(['x'], 'stalls');
      }
      expect(keys()).toEqual(['g0', 'g1', 'g2', 'v0', 'v1', 'v2', 'v3', 'g3', 'm0', 'g4']);
      expect(layer.state?.()).toEqual({ running: 0, queued: 0, limit: 4 });
    });

    it('are given back by what leaves, is turned away or fails, wherever it waits', async () => {
      const { ask, store, layer } = limited(4, 3);
      const leaving = new AbortController();
      const values = ['a', 'b', 'c', 'd'].map((key) => ask(key));
      // Three may flow, and wait for a place; one waits to be one of them.
      const left = ['e', 'f', 'g', 'h'].map((key) => ask(key, leaving.signal, want));
      expect(layer.state?.()).toEqual({ running: 4, queued: 4, limit: 4 });
      leaving.abort(notNeeded());
      for (const one of left) await expect(one).rejects.toMatchObject({ code: 'CANCELLED' });
      values.push(...['i', 'j', 'k'].map((key) => ask(key)));
      await expect(ask('l', alive, want)).rejects.toMatchObject({ code: 'OVERLOADED' });
      for (let at = 0; at < values.length; at += 1) {
        store.calls[at]?.answer(['x']);
        await turn();
      }
      await Promise.all(values);
      const failing = ask('m', alive, want);
      store.calls.at(-1)?.fail(new Error('fails'));
      await expect(failing).rejects.toThrow('fails');
      // All three are free again.
      const flowing = ['n', 'o', 'p'].map((key) => ask(key, alive, want));
      expect(layer.state?.()).toEqual({ running: 3, queued: 0, limit: 4 });
      for (const { answer } of store.calls) answer(['x']);
      for (const flow of flowing) await leave(await flow);
      expect(layer.state?.()).toEqual({ running: 0, queued: 0, limit: 4 });
    });

    it('are kept by what lingers in the store after its caller has left', async () => {
      const { ask, store, layer } = limited(4, 10);
      const leaving = new AbortController();
      const lingering = Promise.withResolvers<void>();
      const left = ['a', 'b', 'c'].map((key) => ask(key, leaving.signal, want).catch(() => {}));
      for (const { context } of store.calls) context.lingers?.(lingering.promise);
      leaving.abort(notNeeded());
      await Promise.all(left);
      const next = ask('d', alive, want);
      expect(layer.state?.()).toMatchObject({ running: 3, queued: 1 });
      lingering.resolve();
      await turn();
      store.calls.at(-1)?.answer(['x']);
      await leave(await next);
      expect(layer.state?.()).toMatchObject({ running: 0, queued: 0 });
    });
  },
);
