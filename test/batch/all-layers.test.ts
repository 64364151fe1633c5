import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparable, evaluated } from './random-batches.ts';
import { answer } from './simulated.ts';
import { unsteady } from './unsteady.ts';

const BATCHES = 300;

/** What is compared: how old an answer out of the cache is says only that it came from there. */
function ageless(key: string, value: unknown): unknown {
  if (key === 'ms' || key === 'ageMs') return undefined;
  return key === 'meta' && Object.keys(value as object).length === 0 ? undefined : value;
}

it(
  `any of ${BATCHES} random batches answers with all layers on what it does with none, over a store that fails, stalls and recovers`,
  { timeout: 60_000 },
  async () => {
    const seed = Date.now() % 2 ** 31;
    console.info(`seed ${seed}`);
    await using all = await unsteady(seed);
    let compared = 0;
    const property = fc.asyncProperty(fc.constantFrom('kv', 'ordered', 'first-reply'), fc.gen(), async (pattern, g) => {
      const { body, expected } = evaluated(pattern, g);
      // What is referred to as `meta` has an age, where it comes out of the cache.
      fc.pre(!JSON.stringify(body).includes('$meta'));
      const before = all.moody();
      const text = await answer(pattern, body, { simulation: all.simulation });
      if (all.moody() > before) return;
      const wanted = JSON.parse(JSON.stringify(expected), ageless) as unknown;
      expect(comparable(JSON.parse(text, ageless), wanted), JSON.stringify(body)).toEqual(wanted);
      compared += 1;
    });
    await fc.assert(property, { numRuns: BATCHES, seed, maxSkipsPerRun: 20 });
    expect(compared).toBeGreaterThan(BATCHES / 2);
    // Every layer had something to do.
    const { retries, coalesced, hit = 0, stale = 0 } = all.counted();
    for (const count of [retries, coalesced, hit + stale]) expect(count).toBeGreaterThan(0);
  },
);
