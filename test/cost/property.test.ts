import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparable, evaluated } from '../batch/random-batches.ts';
import { answer } from '../batch/simulated.ts';
import { checkTraces } from '../batch/traces.ts';

const PLANS = 5000;

it(
  `any of ${PLANS} random batches answers what a sequential evaluator does, whatever the order of arrival`,
  { timeout: 60_000 },
  async () => {
    const seed = Date.now() % 2 ** 31;
    console.info(`seed ${seed}`);
    let compared = 0;
    const property = fc.asyncProperty(fc.constantFrom('kv', 'ordered', 'first-reply'), fc.gen(), async (pattern, g) => {
      const { body, expected } = evaluated(pattern, g);
      const text = await answer(pattern, { ...body, trace: g(fc.nat, { max: 4 }) === 0 });
      const untold = (key: string, value: unknown) => (key === 'ms' || key === 'trace' ? undefined : value);
      expect(comparable(JSON.parse(text, untold), expected), JSON.stringify(body)).toEqual(expected);
      const told = JSON.parse(text);
      if ('trace' in told) checkTraces(body, told);
      compared += 1;
    });
    await fc.assert(property, { numRuns: PLANS, seed, maxSkipsPerRun: 10 });
    expect(compared).toBeGreaterThanOrEqual(PLANS);
  },
);
