import { Double, Int32, Long } from 'bson';
import { describe, expect, it } from 'vitest';
import { bsonToJson } from '../../../adapters/mongo/bson-json.ts';
import { elementToValue } from '../../../adapters/mongo/bson-value.ts';
import { atOnce } from '../../../src/budget/work.ts';
import { follow } from '../../follow.ts';
import { writeJson } from '../../../src/json/write.ts';
import { filled, filterFaults } from './checked.ts';
import { jsonOf, MODES, rawDocument, ROWS } from './raw-bson.ts';

const bsonToValue = (bytes: Buffer, exact: boolean) => atOnce(elementToValue(bytes, 0x03, 0, exact)) as object;

describe.each(MODES)('a stored value has one form, whether as text or taken apart: %s', (mode) => {
  it.each(ROWS)('%s', (_what, raw, json) => {
    const bytes = rawDocument([
      ['first', raw],
      ['then', raw],
    ]);
    const whole = `{"first":${jsonOf(json, mode)},"then":${jsonOf(json, mode)}}`;
    expect(bsonToJson(bytes, mode)).toBe(whole);
    const value = bsonToValue(bytes, mode === 'canonical');
    expect(writeJson(value, mode)).toBe(whole);
    const member = follow(value, ['then']);
    expect(writeJson(member.found && member.value, mode)).toBe(jsonOf(json, mode));
  });
});

describe('a value that was read', () => {
  const read = (what: string, exact = false) => {
    const [, raw] = ROWS.find(([name]) => name === what) ?? [];
    return (bsonToValue(rawDocument([['v', raw as NonNullable<typeof raw>]]), exact) as { v: unknown }).v;
  };

  it.each([
    ['a DBRef', ['$ref'], 'users'],
    ['a DBRef', ['$id'], 'u'],
    ['a DBRef in another order', ['$db'], 'shop'],
    ['a DBPointer', ['$dbPointer', '$id', '$oid'], '66f0c0ffee66f0c0ffee66f0'],
    ['code with a scope', ['$scope', 'b'], ''],
    ['the last date', ['$date', '$numberLong'], '9223372036854775807'],
    ['keys that look like integers', ['10'], ''],
  ])('can be gone into where the answer shows an object: %s, %j', (what, steps, expected) => {
    expect(follow(read(what), steps)).toEqual({ found: true, value: expected });
  });

  it('has plain numbers, but where canonical Extended JSON tells them apart', () => {
    expect(read('a whole double')).toBe(2);
    expect(read('a 32-bit integer')).toBe(-7);
    expect(read('a 64-bit integer')).toEqual(Long.fromNumber(42));
    expect(read('a whole double', true)).toEqual(new Double(2));
    expect(read('a 32-bit integer', true)).toEqual(new Int32(-7));
  });

  it.each([
    'undefined',
    'a regular expression',
    'a DBPointer',
    'a DBRef',
    'what looks like Extended JSON',
    'code',
    'code with a scope',
    'a symbol',
    'the last date',
  ])('is refused where it is filled in, at any depth: %s', (what) => {
    for (const around of [(it: unknown) => it, (it: unknown) => [{ a: it }], (it: unknown) => new Map([['1', it]])]) {
      expect(filterFaults({ a: filled(around(read(what))) })).toHaveLength(1);
    }
  });
});

describe('what one query is filled in with', () => {
  const many = (count: number) => filled(Array.from({ length: count }, () => 0));

  it.each([
    ['as many values', { a: { $in: many(199_999) } }, []],
    ['one more', { a: { $in: many(200_000) } }, ['a/$in']],
    ['more in two places', { a: { $in: many(150_000) }, b: { $in: many(150_000) } }, ['b/$in']],
    ['as much text', { a: filled('a'.repeat(64 * 199_999)) }, []],
    ['as much text in a key', { a: filled({ ['k'.repeat(64 * 199_998)]: 1 }) }, []],
    ['more text in a key', { a: filled({ ['k'.repeat(64 * 199_999)]: 1 }) }, ['a']],
    ['more text', { a: filled('a'.repeat(64 * 200_000)) }, ['a']],
  ])('has an end: %s', (_, filter, faults) => {
    expect(filterFaults(filter)).toEqual(faults);
  });
});
