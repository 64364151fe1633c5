import { serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../processor-time.ts';
import { bsonToJson } from '../../../adapters/mongo/bson-json.ts';
import { elementToValue } from '../../../adapters/mongo/bson-value.ts';
import { atOnce } from '../../../src/budget/work.ts';
import { follow } from '../../follow.ts';
import { writeJson } from '../../../src/json/write.ts';
import { filled, filterFaults, sentFilter } from './checked.ts';
import { jsonOf, MODES, type Raw, rawDocument, ROWS } from './raw-bson.ts';

const bsonToValue = (bytes: Buffer) => atOnce(elementToValue(bytes, 0x03, 0)) as object;

describe.each(MODES)('a stored value has one form, whether as text or taken apart: %s', (mode) => {
  it.each(ROWS)('%s', (_what, raw, json) => {
    const bytes = rawDocument([
      ['first', raw],
      ['then', raw],
    ]);
    const whole = `{"first":${jsonOf(json, mode)},"then":${jsonOf(json, mode)}}`;
    expect(bsonToJson(bytes, mode)).toBe(whole);
    const value = bsonToValue(bytes);
    expect(writeJson(value, mode)).toBe(whole);
    const member = follow(value, ['then']);
    expect(writeJson(member.found && member.value, mode)).toBe(jsonOf(json, mode));
  });
});

describe('a value that was read', () => {
  const read = (what: string) => {
    const [, raw] = ROWS.find(([name]) => name === what) ?? [];
    return (bsonToValue(rawDocument([['v', raw as NonNullable<typeof raw>]])) as { v: unknown }).v;
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

  it.each(
    ROWS.filter(([, { type }]) => [0x01, 0x10, 0x12, 0x13].includes(type)).flatMap(([what, raw]) =>
      [
        ['by itself', raw],
        ['in a document', { type: 0x03, bytes: rawDocument([['b', raw]]) }],
        ['in a list', { type: 0x04, bytes: rawDocument([['0', raw]]) }],
      ].map(([where, around]) => [what, where, around] as const),
    ),
  )('is sent as the number of the same type that it is: %s, %s', (_what, _where, raw) => {
    const bytes = rawDocument([['v', raw as Raw]]);
    const value = follow(bsonToValue(bytes), ['v']);
    const sent = sentFilter({ v: { $in: [filled(value.found && value.value)] } });
    const list = rawDocument([['0', raw as Raw]]);
    const inside = rawDocument([['$in', { type: 0x04, bytes: list }]]);
    expect(Buffer.from(serialize(sent as object))).toEqual(rawDocument([['v', { type: 0x03, bytes: inside }]]));
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
  const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
  const many = (count: number) => filled(times(count, 0));
  const patterns = (count: number) => times(count, { a: { $regex: filled('a'.repeat(32_764)) } });
  const decimals = (count: number) => times(count, { $numberDecimal: filled('1.'.padEnd(4000, '0')) });
  const bytes = (characters: number) => ({ $binary: { base64: filled('A'.repeat(characters)), subType: '0' } });
  const GEO = 'a/$geoWithin/$geometry/coordinates';

  it.each([
    ['as many values', { a: { $in: many(199_999) } }, []],
    ['one more', { a: { $in: many(200_000) } }, ['a/$in']],
    ['more in two places', { a: { $in: many(150_000) }, b: { $in: many(150_000) } }, ['b/$in']],
    ['as much text', { a: filled('a'.repeat(64 * 199_999)) }, []],
    ['as much text in a key', { a: filled({ ['k'.repeat(64 * 199_998)]: 1 }) }, []],
    ['more text in a key', { a: filled({ ['k'.repeat(64 * 199_999)]: 1 }) }, ['a']],
    ['more text', { a: filled('a'.repeat(64 * 200_000)) }, ['a']],
    ['as many patterns', { $and: patterns(12) }, []],
    ['more patterns', { $and: patterns(13) }, ['$and/12/a/$regex']],
    ['as long a number', { a: { $numberDouble: filled('1.'.padEnd(399_998, '0')) } }, []],
    ['a longer number', { a: { $numberDouble: filled('1.'.padEnd(400_000, '0')) } }, ['a/$numberDouble']],
    ['as many numbers', { a: { $in: decimals(99) } }, []],
    ['more numbers', { a: { $in: decimals(100) } }, ['a/$in/99/$numberDecimal']],
    ['as many bytes', { a: bytes(64 * 199_998) }, []],
    ['more bytes', { a: bytes(64 * 200_000) }, ['a/$binary']],
    ['as long a search', { $text: { $search: filled('a'.repeat(64 * 199_999)) } }, []],
    ['a longer search', { $text: { $search: filled('a'.repeat(64 * 200_000)) } }, ['$text/$search']],
    ['more coordinates', { a: { $geoWithin: { $geometry: { type: 'Point', coordinates: many(200_000) } } } }, [GEO]],
  ])('has an end: %s', (_, filter, faults) => {
    expect(filterFaults(filter)).toEqual(faults);
  });

  const wrappers = ['$oid', '$uuid', '$date', '$numberInt', '$numberLong', '$numberDouble', '$numberDecimal'];

  it.each<[string, (it: unknown) => object]>([
    ['a field', (a) => ({ a })],
    ['$regex', ($regex) => ({ a: { $regex } })],
    ['$search', ($search) => ({ $text: { $search } })],
    ['base64', (base64) => ({ a: { $binary: { base64, subType: '0' } } })],
    ['subType', (subType) => ({ a: { $binary: { base64: '', subType } } })],
    ['$date of $numberLong', ($numberLong) => ({ a: { $date: { $numberLong } } })],
    ...wrappers.map((name): [string, (it: unknown) => object] => [name, (it) => ({ a: { [name]: it } })]),
  ])('is not looked at where it is too long: %s', (_, filter) => {
    // It is no one piece before somebody looks into it.
    const long = '1'.repeat(60_000_000);
    const began = processorMs();
    expect(filterFaults(filter(filled(long)))).toHaveLength(1);
    expect(processorMs() - began).toBeLessThan(15);
  });
});
