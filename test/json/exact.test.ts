import { Long } from 'bson';
import { describe, expect, it } from 'vitest';
import { int64 } from '../../adapters/mongo/bson-reader.ts';
import { isBeyondExact, isExact, isExactInteger, isUnrounded } from '../../src/json/exact.ts';
import { writeJson } from '../../src/json/write.ts';
import { parseConfig } from '../configured.ts';

describe('a double', () => {
  // Whether it holds the integer, and whether the double alone shows that it does.
  it.each([
    ['0', true, true],
    ['9007199254740991', true, true],
    ['9007199254740992', true, false],
    ['9007199254740993', false, false],
    // It would be held: but who reads it cannot know.
    ['9007199254740994', false, false],
    ['9223372036854775807', false, false],
    ['9'.repeat(400), false, false],
  ])('holds ±%s: %s, which it shows: %s', (digits, holds, isShown) => {
    const bytes = Buffer.from(` ${digits} `);
    expect(isBeyondExact(bytes, 1, 1 + digits.length)).toBe(!holds);
    for (const text of [digits, `-${digits}`]) {
      expect([isExactInteger(text), isExact(BigInt(text))]).toEqual([holds, holds]);
      expect(isUnrounded(Number(text))).toBe(isShown);
    }
  });

  it.each([
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740992', '-9007199254740992'],
    ['9007199254740993', '"9007199254740993"'],
    ['-9223372036854775808', '"-9223372036854775808"'],
  ])('that does not hold a 64-bit integer does not stand for it: %s is %s', (digits, json) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(digits));
    expect(BigInt(int64(bytes, 0))).toBe(BigInt(digits));
    expect(writeJson(Long.fromString(digits))).toBe(json);
  });

  it.each([
    [9007199254740991, true],
    [-9007199254740992, false],
    [9007199254740992, false],
    [1.5, true],
  ])('that YAML may have rounded is no claim: %d is one: %s', (level, isOne) => {
    const jwt = { issuer: 'a', audience: 'b', jwks: 'https://id.example/', claims: { level } };
    const parse = (): unknown => parseConfig({ callers: { people: { jwt } } });
    if (isOne) expect(parse).not.toThrow();
    else expect(parse).toThrow('short of ±2^53');
  });
});
