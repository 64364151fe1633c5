import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { JsonBytes } from '../../adapters/http/json-bytes.ts';
import { readBody } from '../../src/batch/plan/read-body.ts';
import { processMemory } from '../../src/budget/memory.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { JsonCheck } from '../../src/json/json-check.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const listOf = (text: string, count: number) => `[${`${text},`.repeat(count - 1)}${text}]`;

/** Lists of some hundred thousand characters. */
const shapes: readonly (readonly [what: string, one: string, count: number])[] = [
  ['lists in lists', '['.repeat(24) + ']'.repeat(24), 10_000],
  ['lists of one', '[1]', 60_000],
  ['lists of eighteen', listOf('1', 18), 10_000],
  ['pairs of numbers', '[12.345678,45.123456]', 30_000],
  ['numbers', '7', 200_000],
  ['strings', '"abcdef"', 60_000],
  ['objects of five members', '{"id":12345,"sku":"AB-123","n":7,"ok":true,"at":"mon"}', 10_000],
  ['objects of one', '{"":1}', 40_000],
  ['objects whose keys are numbers', '{"1":1}', 30_000],
];

function checked(text: string): JsonBytes {
  const bytes = Buffer.from(text);
  const check = new JsonCheck(bytes);
  check.go();
  return new JsonBytes(bytes, check, undefined);
}

const ways: Readonly<Record<string, (text: string, work: Work) => unknown>> = {
  'a body': (text, work) => atOnce(readBody(Buffer.from(text), { depth: 32 }, work)),
  'an answer': (text, work) => {
    const value = checked(text);
    return [value, atOnce(value.read(work))];
  },
};

describe('the memory of what is opened', () => {
  describe.each(Object.entries(ways))('of %s', (_way, open) => {
    it.each([
      ...shapes.map(([what, one, count]) => [what, listOf(one, count), 1] as const),
      // Small ones are opened often, so that it shows.
      ...shapes.map(([what, one, count]) => [`${what}, few`, listOf(one, count / 100), 100] as const),
    ])('is counted for about what V8 takes: %s', (_what, text, times) => {
      const memory = processMemory(2 ** 30);
      open(text, new Work(Infinity));
      collect();
      const before = process.memoryUsage().heapUsed;
      const kept = Array.from({ length: times }, () => open(text, new Work(Infinity, memory.part())));
      collect();
      const taken = process.memoryUsage().heapUsed - before;
      expect(kept).toHaveLength(times);
      expect(taken / memory.held).toBeLessThan(2.5);
      expect(memory.held / taken).toBeLessThan(6);
      expect(taken / times).toBeLessThan(32 * text.length);
    });
  });

  it('counts for each batch that looks into a value, once, and not where none could', () => {
    const text = listOf('['.repeat(24) + ']'.repeat(24), 10_000);
    const value = checked(text);
    const whole = processMemory(60_000_000);
    const batches = [whole.part(), whole.part()];
    const [one, other] = batches.map((memory) => new Work(Infinity, memory)) as [Work, Work];
    const tight = new Work(Infinity, processMemory(1_000_000).part());
    expect(() => atOnce(value.read(tight))).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    const read = atOnce(value.read(one));
    const { held } = whole;
    expect(held).toBeGreaterThan(10_000_000);
    expect(atOnce(value.read(other))).toBe(read);
    expect(whole.held).toBe(2 * held);
    for (const work of [one, other, one]) atOnce(value.read(work));
    expect(whole.held).toBe(2 * held);
    batches[0]!.close();
    expect(whole.held).toBe(held);
  });
});
