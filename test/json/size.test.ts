import { Binary, Decimal128, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digits } from '../../src/json/leaf.ts';
import { sizing } from '../../src/json/size.ts';
import { writeJson } from '../../src/json/write.ts';
import { atOnce, Work } from '../../src/budget/work.ts';

const sizeOf = (value: unknown, most?: number) => atOnce(sizing(value, new Work(Infinity), most));
const bytes = (value: unknown) => Buffer.byteLength(writeJson(value));

describe('sizing', () => {
  it('is never more than the JSON has', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(sizeOf(value)).toBeLessThanOrEqual(bytes(value));
      }),
    );
    const typed = [new ObjectId(), Long.MAX_VALUE, Decimal128.fromString('1'), new Date(0), new Digits('1'.repeat(20))];
    for (const value of [...typed, new Binary(Buffer.alloc(90)), { a: typed }])
      expect(sizeOf(value)).toBeLessThanOrEqual(bytes(value));
  });

  it('is what plain text and keys have', () => {
    expect(sizeOf(['abc', { key: 'x'.repeat(1000) }])).toBe(bytes(['abc', { key: 'x'.repeat(1000) }]));
  });

  it('counts no further than it takes', () => {
    const visited: number[] = [];
    const list = Array.from({ length: 100 }, (_, index) => ({
      get text() {
        visited.push(index);
        return 'x'.repeat(100);
      },
    }));
    expect(sizeOf(list, 250)).toBeGreaterThan(250);
    expect(visited).toEqual([0, 1, 2]);
  });
});
