import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError, notNeeded } from '../../src/errors.ts';
import { GrowingDeadline, instantOf, latestOf } from '../../src/store/deadline.ts';
import type { Layer } from '../../src/sources/layer.ts';
import type { Query } from '../../src/store/fetch.ts';
import type { LayerFetch } from '../../src/sources/layer-context.ts';
import type { Payload } from '../../src/store/payload.ts';
import { context, NOBODY } from '../adapters/source.ts';
import { FakeStore, leave, read, type Reached } from './fake-store.ts';

const KINDS = ['value', 'items', 'body'] as const;
const FLOWING = ['items', 'body'] as const;
const BROKEN = new CodapError('UNAVAILABLE', 'told to fail');

/** What only grows, of all that layers count: it says nothing of how they stand. */
const TOTALS = new Set(['retries', 'hedges', 'coalesced', 'merged', 'hit', 'stale', 'miss']);

const queryFor = (want: Payload['kind']): Query => ({ op: 'get', params: { key: 'a' }, want });

/** What else a layer is. */
interface Kind {
  /** Several may wait for one call of it, which then holds and computes in no caller's name. */
  readonly shares?: boolean;
  /** It may ask the store several times for one call: each attempt counts its bytes apart from the others. */
  readonly repeats?: boolean;
  /** What of its state grows with what it keeps on purpose. */
  readonly keeps?: readonly string[];
}

/**
 * What every layer promises, whatever it does beside. Time is faked: it stands still unless a test moves it.
 */
export function layerSuite(
  name: string,
  makeLayer: () => Layer,
  { shares = false, repeats = false, keeps = [] }: Kind = {},
): void {
  describe(`${name}, a layer,`, () => {
    let store: FakeStore;
    let layer: Layer;
    let fetch: LayerFetch;
    let controller: AbortController;
    let atRest: unknown;

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      store = new FakeStore();
      layer = makeLayer();
      fetch = layer.wrap(store.fetch);
      controller = new AbortController();
      atRest = standing();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    /** How it stands, whatever it has counted and keeps. */
    const standing = () =>
      Object.entries(layer.state?.() ?? {}).filter(([name]) => !TOTALS.has(name) && !keeps.includes(name));

    const ask = (want: Payload['kind'], own: object = {}): Promise<Payload> =>
      fetch(queryFor(want), context({ signal: controller.signal, ...own }));

    /** The call as it reaches the store. */
    const reached = (): Promise<Reached> =>
      vi.waitFor(() => store.calls.at(-1) ?? Promise.reject(new Error('no call')));

    const opened = async (want: Payload['kind'], ...answer: Parameters<Reached['answer']>): Promise<Payload> => {
      const asked = ask(want);
      (await reached()).answer(...answer);
      return asked;
    };

    /** Who else than the store listens whether the caller leaves. */
    const listeners = () => getEventListeners(controller.signal, 'abort').filter((one) => !store.onAborts.has(one));

    /**
     * All that it took is free again: the caller's signal, its timers, its places; and the store holds
     * nothing open.
     */
    const expectFree = async (): Promise<void> => {
      await vi.waitFor(() => expect(store.open).toBe(0));
      await vi.waitFor(() => expect(listeners()).toEqual([]));
      expect(vi.getTimerCount()).toBe(0);
      expect(standing()).toEqual(atRest);
    };

    it('hands a query and what goes with it on as they are', async () => {
      const all = processMemory(1000);
      const given = context({ caller: { headers: { accept: 'a' }, name: 'web' }, memory: all.part() });
      const asked = fetch(queryFor('value'), given);
      const { query, context: seen, answer } = await reached();
      seen.memory.hold(10);
      expect(all.held).toBe(10);
      answer(['x']);
      await asked;
      const { op, params, want } = query;
      expect({ op, params, want }).toEqual(queryFor('value'));
      expect(seen.caller).toBe(given.caller);
      expect(seen.memory === given.memory).toBe(!shares && !repeats);
      expect(seen.work === given.work).toBe(!shares);
      given.memory.close();
      expect(all.held).toBe(0);
      expect(instantOf(seen.deadline)).toBeLessThanOrEqual(instantOf(given.deadline));
    });

    it.each(KINDS)('hands on what is answered, whole and in order: %s', async (want) => {
      const parts = want === 'value' ? ['a'] : ['a', 'b', 'c'];
      const payload = await opened(want, parts);
      expect(payload.kind).toBe(want);
      if (payload.kind === 'body') expect(payload.meta).toEqual({ size: 3 });
      expect(await read(payload)).toEqual(parts);
      await expectFree();
    });

    it.each(FLOWING)('hands on what is empty: %s', async (want) => {
      expect(await read(await opened(want, []))).toEqual([]);
      await expectFree();
    });

    it.each(KINDS)('hands on a failure before the answer: %s', async (want) => {
      const all = processMemory(1000);
      const failed = expect(ask(want, { memory: all })).rejects.toBe(BROKEN);
      await reached();
      for (let calls = 0; calls < store.calls.length; await vi.advanceTimersByTimeAsync(1000)) {
        const { context: seen, fail } = store.calls[calls++]!;
        seen.memory.hold(10);
        fail(BROKEN);
      }
      await failed;
      if (repeats) expect(all.held).toBe(0);
      await expectFree();
    });

    it('turns what is thrown at once into a rejection', async () => {
      const throwing = layer.wrap(() => {
        throw BROKEN;
      });
      const failed = expect(throwing(queryFor('value'), context({ signal: controller.signal }))).rejects.toBe(BROKEN);
      await vi.advanceTimersByTimeAsync(1000);
      await failed;
      await expectFree();
    });

    it.each(FLOWING)('hands on a failure in the middle, after what came before: %s', async (want) => {
      const payload = await opened(want, ['a', 'b'], BROKEN);
      const parts: string[] = [];
      await expect(read(payload, parts)).rejects.toBe(BROKEN);
      expect(parts).toEqual(want === 'items' ? ['a', 'b'] : expect.arrayContaining(['a']));
      await expectFree();
    });

    it.each(KINDS)('ends at once where nobody wants it any more, before it is asked: %s', async (want) => {
      const reason = notNeeded();
      controller.abort(reason);
      await expect(ask(want)).rejects.toBe(reason);
      await expectFree();
    });

    it.each(KINDS)(
      'ends at once, and the call of the store too, where that happens while it runs: %s',
      async (want) => {
        const reason = notNeeded();
        const asked = ask(want);
        const { context: seen } = await reached();
        controller.abort(reason);
        await expect(asked).rejects.toBe(reason);
        expect(seen.signal.reason).toBe(reason);
        await expectFree();
      },
    );

    it.each(FLOWING)('ends what flows where that happens while it does: %s', async (want) => {
      const reason = notNeeded();
      const payload = await opened(want, ['a'], 'stalls');
      const parts: string[] = [];
      const reading = read(payload, parts);
      const ended = expect(reading).rejects.toBe(reason);
      await vi.waitFor(() => expect(parts).toEqual(['a']));
      controller.abort(reason);
      await ended;
      await expectFree();
    });

    it.each(FLOWING)('frees what it took where nobody reads on, once however often that is said: %s', async (want) => {
      const payload = await opened(want, ['a', 'b', 'c'], 'stalls');
      for (let times = 0; times < 3; times += 1) {
        await leave(payload);
        if (payload.kind === 'body') payload.stream.emit('close');
        await expectFree();
      }
    });

    it('hands on no answer that comes after nobody wanted it, and leaves none open', async () => {
      const late = Promise.withResolvers<Payload>();
      const deaf = layer.wrap((query, seen) => {
        void store.fetch(query, { ...seen, signal: new AbortController().signal }).then(late.resolve, late.reject);
        return late.promise;
      });
      const asked = deaf(queryFor('items'), context({ signal: controller.signal }));
      const { answer } = await reached();
      controller.abort(notNeeded());
      answer(['a'], 'stalls');
      await asked.then(leave, () => {});
      await expectFree();
    });

    it.each([0, -1000])('never lets a store have more time than there is, %i ms from now', async (left) => {
      const deadline = performance.now() + left;
      const asked = ask('value', { deadline }).catch((error: unknown) => error);
      await nextTurn();
      const [call] = store.calls;
      if (call) {
        expect(instantOf(call.context.deadline)).toBe(deadline);
        call.answer(['x']);
        await asked;
      } else expect(await asked).toMatchObject({ code: 'TIMEOUT', rejected: true });
      await expectFree();
    });

    it.each(KINDS)('goes on while the deadline of a call that others join grows: %s', async (want) => {
      const started = performance.now();
      const deadline = new GrowingDeadline(started + 100, started + 3000);
      const asked = ask(want, { deadline });
      const { context: seen, answer } = await reached();
      if (!shares) expect(latestOf(seen.deadline)).toBeLessThanOrEqual(started + 3000);
      for (const until of [200, 300]) {
        deadline.extend(started + until);
        await vi.advanceTimersByTimeAsync(started + until - 1 - performance.now());
        expect(seen.signal.aborted).toBe(false);
        expect(latestOf(seen.deadline)).toBeGreaterThanOrEqual(started + until);
      }
      answer(['a']);
      expect(await read(await asked)).toEqual(['a']);
      await expectFree();
    });

    it('says its name, and what it holds a query to in numbers', () => {
      expect(layer.name).not.toBe('');
      for (const bound of Object.values(layer.bounds?.(queryFor('value'), NOBODY) ?? {}))
        expect(bound).toBeGreaterThanOrEqual(0);
    });
  });
}
