import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CodapError, notNeeded } from '../../src/errors.ts';
import type { Payload } from '../../src/store/payload.ts';
import { Placeholder } from '../../src/store/placeholder.ts';
import { failed } from '../adapters/failed.ts';
import { isLeak } from '../leaks.ts';
import { openAdapter, type OpenAdapter } from './open-adapter.ts';

/** A query of the store under test. */
interface Asked {
  readonly op: string;
  readonly params: object;
}

/** A list or body that flows. */
interface Flow extends Asked {
  readonly want: 'items' | 'body';
  /** How many items or bytes it has: more than is buffered on its way. */
  readonly size: number;
}

/** What the suite has to know of a kind of store to ask it. */
export interface StoreUnderTest {
  /** What makes of it a source of a place where nobody listens. */
  readonly nowhere: object;
  /** A query, and the value that it has. */
  readonly value: Asked & { readonly json: unknown };
  /** Its params are at fault there. */
  readonly faulty: Asked & { readonly at: string };
  /** A query with a reference in it, and where that will stand in what the store is sent. */
  readonly later: {
    readonly op: string;
    params: (reference: Placeholder) => object;
    sent: (reference: Placeholder) => unknown;
  };
  readonly flows: readonly Flow[];
  /** What is told of what is in it, by a source with this beside, and a value that is in it. */
  readonly contents: { readonly own?: object; readonly told: object; readonly value: string };
  /** A query for what is not there, where the store tells that as a failure. */
  readonly missing?: Asked;
}

/** How many items or bytes one piece of what flows has. */
const sizeOf = (piece: unknown): number =>
  Buffer.isBuffer(piece) ? piece.length : [...(piece as Iterable<string>)].length;
const pieces = (payload: Payload): AsyncIterable<unknown> =>
  payload.kind === 'items' ? payload.items : (payload as Extract<Payload, { kind: 'body' }>).stream;

/**
 * What every adapter promises, whatever its store. `source` describes one as a configuration file does; `own`
 * goes over it.
 */
export function commonSuite(store: StoreUnderTest, source: (own?: object) => Parameters<typeof openAdapter>[0]): void {
  describe('like every adapter', () => {
    let adapter: OpenAdapter;

    beforeAll(async () => {
      adapter = await openAdapter(source({ concurrency: 8 }));
    });
    afterAll(() => adapter[Symbol.asyncDispose]());

    const flows = store.flows.map((flow) => [flow.want, flow] as const);

    const works = async (): Promise<void> => {
      const { op, params, json } = store.value;
      expect(await adapter.json(op, params)).toEqual(json);
    };
    const opened = ({ op, params, want }: Flow, signal?: AbortSignal) =>
      adapter.ask(op, params, { want, ...(signal && { signal }) });

    test('answers a value', works);

    test('answers many at a time', async () => {
      await Promise.all(Array.from({ length: 50 }, works));
    });

    test('tells where params are at fault', () => {
      const { op, params, at } = store.faulty;
      expect(adapter.faults(op, params)).toEqual([at]);
    });

    test('keeps a reference where what is filled in will stand', () => {
      const { op, params, sent } = store.later;
      for (const reference of [new Placeholder('$item'), new Placeholder('$join', ['a', new Placeholder('$result')])]) {
        expect(adapter.faults(op, params(reference))).toEqual([]);
        expect(adapter.planned(op, params(reference))).toMatchObject(sent(reference) as object);
      }
    });

    const { missing } = store;
    if (missing) {
      test('tells what is not there', async () => {
        const asked = adapter.ask(missing.op, missing.params);
        expect(await failed(asked)).toMatchObject({ code: 'NOT_FOUND', retryable: false });
      });
    }

    test('ends at once where nobody wants the answer any more, before it begins', async () => {
      const reason = notNeeded();
      const { op, params } = store.value;
      expect(await failed(adapter.ask(op, params, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      await works();
    });

    test.each([0, 1, 2, 5])('ends at once where that happens %i turns after it began', async (turns) => {
      const leaving = new AbortController();
      const reason = notNeeded();
      const { op, params, json } = store.value;
      const asked = adapter.value(op, params, { signal: leaving.signal }).then(
        (value) => JSON.parse(value.json) as unknown,
        (error: unknown) => error,
      );
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
      leaving.abort(reason);
      // A fast store may have answered by then.
      expect([reason, json]).toContainEqual(await asked);
      await works();
    });

    test.each(flows)('answers what flows, whole: %s', async (_want, flow) => {
      let came = 0;
      for await (const piece of pieces(await opened(flow))) came += sizeOf(piece);
      expect(came).toBe(flow.size);
    });

    test.each(flows)('lets go of what flows where nobody reads on: %s', async (_want, flow) => {
      // More of them than a source has connections would have been taken, were one kept.
      for (let times = 0; times < 12; times += 1) {
        for await (const piece of pieces(await opened(flow))) {
          expect(sizeOf(piece)).toBeGreaterThan(0);
          break;
        }
      }
      await works();
    });

    test.each(flows)('ends what flows where nobody wants it any more: %s', async (_want, flow) => {
      const leaving = new AbortController();
      const reason = notNeeded();
      const payload = await opened(flow, leaving.signal);
      let came = 0;
      const reading = (async () => {
        for await (const piece of pieces(payload)) {
          came += sizeOf(piece);
          leaving.abort(reason);
        }
      })();
      expect(await failed(reading)).toBe(reason);
      expect(came).toBeLessThan(flow.size);
      await works();
    });

    test('tells what is in it, and no value', async () => {
      await using told = await openAdapter(source({ describe: true, ...store.contents.own }));
      const found = await told.contents();
      expect(found.told).toMatchObject(store.contents.told);
      expect(JSON.stringify(found.told)).not.toContain(store.contents.value);
      expect(JSON.parse(JSON.stringify(found.told))).toEqual(found.told);
    });

    test('ends a look at what is in it that nobody waits for, and tells nothing of a store that is not there', async () => {
      await using told = await openAdapter(source({ describe: true, ...store.contents.own }));
      const { calls } = await told.contents();
      if (calls === 0) return;
      const reason = notNeeded();
      expect(await failed(told.contents(AbortSignal.abort(reason)))).toBe(reason);
      await using lost = await openAdapter(source({ ...store.nowhere, timeoutMs: 600 }));
      expect(await failed(lost.contents())).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    });

    test('answers a ping, and ends one that nobody waits for', async () => {
      await expect(adapter.ping()).resolves.toBeUndefined();
      const reason = notNeeded();
      expect(await failed(adapter.ping(AbortSignal.abort(reason)))).toBe(reason);
    });

    test('tells a store that is not there as UNAVAILABLE, and nothing of where it was looked for', async () => {
      await using lost = await openAdapter(source({ ...store.nowhere, timeoutMs: 600 }));
      const { op, params } = store.value;
      for (const call of [() => lost.ask(op, params), () => lost.ping()]) {
        const error = await failed(call());
        expect(error).toBeInstanceOf(CodapError);
        expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
        expect(isLeak(JSON.stringify(error))).toBe(false);
      }
    });

    test('is closed with whatever it has open, twice as well as once', async () => {
      const closing = await openAdapter(source());
      const { op, params, json } = store.value;
      expect(await closing.json(op, params)).toEqual(json);
      for (const flow of store.flows) {
        const payload = await closing.ask(flow.op, flow.params, { want: flow.want });
        if (payload.kind === 'body') payload.stream.on('error', () => {});
      }
      await closing[Symbol.asyncDispose]();
      await closing[Symbol.asyncDispose]();
    });
  });
}
