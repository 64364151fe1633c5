import { setImmediate as turn } from 'node:timers/promises';
import { serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { JsonBytes } from '../../adapters/http/json-bytes.ts';
import { documentsValue } from '../../adapters/mongo/value.ts';
import { processMemory } from '../../src/budget/memory.ts';
import { atOnce, endingBy, type Steps, Work } from '../../src/budget/work.ts';
import type { Code } from '../../src/errors.ts';
import { JsonCheck } from '../../src/json/json-check.ts';
import type { Value } from '../../src/store/payload.ts';

/** Values that nobody reads in one turn. */
const values: Readonly<Record<string, () => Value>> = {
  JSON: () => {
    const bytes = Buffer.from(`[${'[[1],[2],[3]],'.repeat(100_000)}0]`);
    const check = new JsonCheck(bytes);
    check.go();
    return new JsonBytes(bytes, check, undefined);
  },
  documents: () => {
    const document = Buffer.from(serialize({ _id: 1, lists: [[1], [2], [3]], name: 'something' }));
    return atOnce(documentsValue(Array<Buffer>(40_000).fill(document), 'plain', new Work(Infinity)));
  },
};

type Ending = (read: () => Steps<unknown>, work: Work) => unknown;
const endings: readonly (readonly [what: string, code: Code, most: number, ending: Ending])[] = [
  ['its time is over', 'TIMEOUT', Infinity, (read, work) => work.do(endingBy(read(), performance.now()))],
  ['it is too much work', 'TOO_LARGE', 50_000, (read) => atOnce(read())],
  [
    'nobody waits for it any more',
    'CANCELLED',
    Infinity,
    (read, work) => {
      const left = new AbortController();
      const reading = work.do(endingBy(read(), Infinity), left.signal);
      left.abort();
      return reading;
    },
  ],
];

describe.each(Object.entries(values))('a value that is read: %s', (_what, made) => {
  it.each(endings)('counts no more once its reading has ended in vain: %s', async (_ending, code, most, ending) => {
    const memory = processMemory(2 ** 30);
    const work = new Work(most, memory.part());
    const value = made();
    // What follows begins at once.
    await turn();
    await expect((async () => ending(() => value.read!(work), work))()).rejects.toMatchObject({ code });
    expect(memory.held).toBe(0);
  });

  it('counts once, however many of a batch read it at a time', async () => {
    const memory = processMemory(2 ** 30);
    const work = new Work(Infinity, memory.part());
    const value = made();
    await work.do(value.read!(work));
    const { held } = memory;
    const again = made();
    const [one, other] = await Promise.all([work.do(again.read!(work)), work.do(again.read!(work))]);
    expect([other === one, memory.held]).toEqual([true, 2 * held]);
  });
});
