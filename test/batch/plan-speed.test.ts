import { expect, it } from 'vitest';
import { plan } from '../../src/batch/plan/plan.ts';
import { limits, q, simulate } from './simulated.ts';
import { processorMs } from '../processor-time.ts';

it('plans 500 queries with references in less than 5 ms', { timeout: 30_000 }, () => {
  const queries = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [
      `q${index}`,
      index === 0 ? q() : q({ value: { $result: `/q${index - 1}/a` } }),
    ]),
  );
  const context = { sources: new Map([['sim', simulate().source]]), limits };
  let best = Infinity;
  // Other work on the machine only ever adds to a run: the best of many is what planning costs.
  for (let run = 0; run < 200 && best >= 5; run += 1) {
    const began = processorMs();
    plan('kv', { queries }, context);
    best = Math.min(best, processorMs() - began);
  }
  expect(best).toBeLessThan(5);
});
