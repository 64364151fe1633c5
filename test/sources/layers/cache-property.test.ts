import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { plain, unchanged } from '../../../adapters/http/content.ts';
import { CodapError } from '../../../src/errors.ts';
import { cache } from '../../../src/sources/layers/cache.ts';
import { NOT_KEPT, type Freshness } from '../../../src/store/freshness.ts';
import type { Value } from '../../../src/store/payload.ts';
import { context } from '../../adapters/source.ts';

const TTL = 100;
const STALE = 80;
const NOT_FOUND = 40;
const MAX_BYTES = 65_536;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const FRESHNESS: Record<string, Freshness | undefined> = {
  silent: undefined,
  short: { mayBeKept: true, freshMs: 30, mayBeStale: true },
  strict: { mayBeKept: true, freshMs: 30, mayBeStale: false },
  timeless: { mayBeKept: true, freshMs: Infinity, mayBeStale: false },
  asked: { mayBeKept: true, freshMs: 0, mayBeStale: false },
  kept: NOT_KEPT,
};
const key = fc.constantFrom('a', 'b');
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant('ask' as const),
      key,
      caller: fc.constantFrom('x', 'y'),
      maxAgeMs: fc.constantFrom(undefined, undefined, 0, 20, 120),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 29, 40, 79, 100, 200) }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('change' as const), key }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('slow' as const), ms: fc.constantFrom(0, 0, 5, 50, 150) }) },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('say' as const), what: fc.constantFrom(...Object.keys(FRESHNESS)) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('size' as const), bytes: fc.constantFrom(1, 1, 30_000, 70_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('fail' as const),
      code: fc.constantFrom(
        undefined,
        'UNAVAILABLE' as const,
        'NOT_FOUND' as const,
        'NOT_FOUND' as const,
        'FORBIDDEN' as const,
      ),
    }),
  },
);

/** What a value says of itself: when it was read, whose it is, and under which rules it was sent. */
interface Told {
  readonly key: string;
  readonly caller: string;
  readonly version: number;
  readonly say: string;
}

it('whatever is asked, changed, said, failed or slow: nothing is served that the rules forbid', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, hasTags) => {
      /** The instants at which each version of a key began. */
      const began: Record<string, number[]> = { a: [performance.now()], b: [performance.now()] };
      const versionAt = (of: string, instant: number) => began[of]!.filter((from) => from <= instant).length;
      const state = {
        slowMs: 0,
        say: 'silent',
        size: 1,
        fail: undefined as 'UNAVAILABLE' | 'NOT_FOUND' | 'FORBIDDEN' | undefined,
      };
      /** When the store said NOT_FOUND, and under which rules it renewed what. */
      const notFound: Record<string, number[]> = { a: [], b: [] };
      const renewed: { readonly of: string; readonly at: number; readonly say: string }[] = [];
      const refreshing = new Map<string, number>();
      let mostRefreshes = 0;
      let calls = 0;
      const layer = cache(
        {
          name: 'shop',
          timeoutMs: 2000,
          concurrency: 8,
          cache: { ttlMs: TTL, staleMs: STALE, notFoundMs: NOT_FOUND, maxBytes: MAX_BYTES },
        },
        { revalidate: (query, etag) => ({ ...query, params: { ...(query.params as object), etag } }) },
      );
      /** Who asks has this signal; a refresh has one of its own. */
      const { signal } = new AbortController();
      const fetch = layer.wrap(async ({ params }, { caller, signal: theirs }) => {
        const isRefresh = theirs !== signal;
        if (!isRefresh) calls += 1;
        const { key, etag } = params as { key: string; etag?: string };
        const at = performance.now();
        const whose = caller.headers['authorization']!;
        const { slowMs, say, size, fail } = state;
        const version = versionAt(key, at);
        const behind = isRefresh ? `${key}${whose}` : undefined;
        if (behind !== undefined) {
          refreshing.set(behind, (refreshing.get(behind) ?? 0) + 1);
          mostRefreshes = Math.max(mostRefreshes, refreshing.get(behind)!);
        }
        try {
          if (slowMs > 0) await new Promise((resolve) => void setTimeout(resolve, slowMs));
          if (fail === 'NOT_FOUND') notFound[key]!.push(at);
          if (fail) throw new CodapError(fail, 'told to fail');
          const tag = `"${key}${whose}${version}"`;
          if (etag === tag) {
            renewed.push({ of: tag, at, say });
            return unchanged({ status: 304, etag: tag }, FRESHNESS[say]);
          }
          const told: Told & { filler: string } = { key, caller: whose, version, say, filler: 'x'.repeat(size) };
          return plain(told, hasTags ? { status: 200, etag: tag } : undefined, FRESHNESS[say]);
        } finally {
          if (behind !== undefined) refreshing.set(behind, refreshing.get(behind)! - 1);
        }
      });

      const checkServed = (
        { json, meta }: Value,
        asked: { key: string; caller: string; maxAgeMs: number | undefined },
      ) => {
        const now = performance.now();
        const told = JSON.parse(json) as Told;
        expect(told).toMatchObject({ key: asked.key, caller: asked.caller });
        const ageMs = meta?.ageMs;
        if (ageMs === undefined) return;
        expect(ageMs).toBeLessThan(TTL + STALE);
        if (asked.maxAgeMs !== undefined) {
          expect(asked.maxAgeMs).toBeGreaterThan(0);
          expect(ageMs).toBeLessThanOrEqual(asked.maxAgeMs);
        }
        // It was so at the instant that its age names: when it was sent, or found to be the same.
        const at = now - ageMs;
        expect(versionAt(told.key, at)).toBe(told.version);
        const tag = `"${told.key}${told.caller}${told.version}"`;
        const renewal = renewed.findLast((one) => one.of === tag && one.at === at);
        const said = [FRESHNESS[told.say], ...(renewal ? [FRESHNESS[renewal.say]] : [])];
        const allows = (
          { mayBeKept, freshMs, mayBeStale }: Freshness = { mayBeKept: true, freshMs: Infinity, mayBeStale: true },
        ) =>
          mayBeKept &&
          (mayBeStale ? ageMs < Math.min(TTL, freshMs) + STALE : ageMs < (freshMs === Infinity ? TTL : freshMs));
        expect(said.some(allows)).toBe(true);
      };

      const waiting: Promise<void>[] = [];
      for (const one of steps) {
        if (one.is === 'pass') await vi.advanceTimersByTimeAsync(one.ms);
        else if (one.is === 'change') {
          // No two at one instant, nor at that of a call.
          await vi.advanceTimersByTimeAsync(1);
          began[one.key]!.push(performance.now());
          await vi.advanceTimersByTimeAsync(1);
        } else if (one.is === 'slow') state.slowMs = one.ms;
        else if (one.is === 'say') state.say = one.what;
        else if (one.is === 'size') state.size = one.bytes;
        else if (one.is === 'fail') state.fail = one.code;
        else {
          const before = calls;
          const started = performance.now();
          const { key, caller, maxAgeMs } = one;
          const asked = fetch(
            { op: 'get', params: { key }, want: 'value' },
            context({ caller: { headers: { authorization: caller } }, maxAgeMs, signal }),
          );
          const isAsked = calls > before;
          if (maxAgeMs === 0) expect(calls).toBe(before + 1);
          waiting.push(
            asked.then(
              (value) => {
                expect((value as Value).meta?.ageMs === undefined).toBe(isAsked);
                checkServed(value as Value, one);
              },
              (error: unknown) => {
                const { code } = error as CodapError;
                // Nothing but what was not found is kept of failures.
                if (isAsked) return;
                expect(code).toBe('NOT_FOUND');
                expect(
                  notFound[key]!.some(
                    (at) => started - at < Math.min(NOT_FOUND, maxAgeMs ?? Infinity) || started - at === maxAgeMs,
                  ),
                ).toBe(true);
              },
            ),
          );
          await vi.advanceTimersByTimeAsync(0);
        }
        expect(layer.state()['bytes']).toBeLessThanOrEqual(MAX_BYTES);
      }
      await vi.advanceTimersByTimeAsync(5000);
      await Promise.all(waiting);
      expect(mostRefreshes).toBeLessThanOrEqual(1);
    }),
    { numRuns: 400 },
  );
});
