import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { q, start } from '../batch/simulated.ts';
import { processorMs } from '../processor-time.ts';

/** Milliseconds of the processor, all at once. */
const MOST_MS = 150;
const many = <T>(count: number, of: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => of(at));

/** The most that one turn of the event loop takes of the processor meanwhile, in milliseconds. */
async function longestTurn(something: Promise<unknown>): Promise<number> {
  let longest = 0;
  const over = new AbortController();
  void something.finally(() => over.abort());
  while (!over.signal.aborted) {
    const began = processorMs();
    await turn();
    longest = Math.max(longest, processorMs() - began);
  }
  return longest;
}

it.each([
  ['a part of each', 1, undefined],
  ['many parts of each', 12, undefined],
  ['many parts of each, in a group with a deadline of its own', 12, 1500],
])(
  'queries that wait for very many, %s, are told of a deadline without a long turn',
  async (_what, parts, timeoutMs) => {
    const references = many(480, (at) => many(parts, (part) => ({ $result: `/${at}/${part}` })));
    const waiting = q({ value: references }, { forEach: many(500, (at) => at), concurrency: 500 });
    const queries = [...many(480, () => q({ stall: true })), waiting];
    const body = timeoutMs ? { queries: [{ pattern: 'ordered', queries, timeoutMs }] } : { queries };
    let best = Infinity;
    // Other work on the machine only ever adds to a run, and what has never run is slow.
    for (let run = 0; run < 4 && best >= MOST_MS; run += 1) {
      const { root, batch } = start('ordered', body, { timeoutMs: 2000 });
      best = Math.min(best, await longestTurn(root.reply));
      batch.memory.close();
    }
    expect(best).toBeLessThan(MOST_MS);
  },
);
