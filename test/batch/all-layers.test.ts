import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparable, evaluated } from './random-batches.ts';
import { answer } from './simulated.ts';
import { unsteady } from './unsteady.ts';

const BATCHES = 600;
const AT_ONCE = 10;
/** A client that waits for so long asks a store that is well again, as a rule. */
const PAUSE_MS = 50;

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
      const simulation = all.simulation();
      const text = await answer(pattern, body, { simulation });
      if (simulation.moody > 0) return pause(PAUSE_MS);
      const wanted = JSON.parse(JSON.stringify(expected), ageless) as unknown;
      expect(comparable(JSON.parse(text, ageless), wanted), JSON.stringify(body)).toEqual(wanted);
      compared += 1;
    });
    const some = { numRuns: BATCHES / AT_ONCE, maxSkipsPerRun: 20 };
    const turns = Array.from({ length: AT_ONCE }, (_, at) => fc.assert(property, { ...some, seed: seed + at }));
    await Promise.all(turns);
    expect(compared).toBeGreaterThan(BATCHES / 2);
    for (const [layer, count] of Object.entries(all.done())) expect(count, layer).toBeGreaterThan(0);
  },
);
