import { deserialize, Double, EJSON, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { atOnce, Work } from '../../../src/budget/work.ts';
import { parseScanned } from '../../../src/json/parse.ts';
import { untypedText } from '../../../src/json/typed-text.ts';
import { equalityText } from '../../../adapters/mongo/equality.ts';
import { untyped } from '../../../adapters/mongo/untyped.ts';
import { checked, filled } from './checked.ts';

/** The types and digits of all numbers that the store is sent in a part of a command, in its very bytes. */
function numbersSent(sent: unknown): string[] {
  const bytes = serialize({ sent });
  const typed = EJSON.stringify(deserialize(bytes, { promoteValues: false }), { relaxed: false });
  return typed.match(/\{"\$number\w+":"[^"]*"\}/g) ?? [];
}

function sentOf(op: string, params: object, part: string): unknown {
  const { query, faults } = checked(op, { collection: 'users', ...params });
  expect(faults).toEqual([]);
  return query?.command[part];
}

const filter = (filter: object) => sentOf('find', { filter }, 'filter');
const pipeline = (...stages: object[]) => sentOf('aggregate', { pipeline: stages }, 'pipeline');

/** Where a number may be written out. */
const WRITTEN: readonly [string, (it: unknown) => unknown][] = [
  ['a field', (it) => filter({ a: it })],
  ['$gt', (it) => filter({ a: { $gt: it } })],
  ['$in', (it) => filter({ a: { $in: [it] } })],
  ['$mod', (it) => filter({ a: { $mod: [it, it] } })],
  ['a document', (it) => filter({ a: { b: [{ c: it }] } })],
  ['$elemMatch', (it) => filter({ a: { $elemMatch: { $lt: it } } })],
  ['$expr', (it) => filter({ $expr: { $gt: ['$a', it] } })],
  ['$jsonSchema', (it) => filter({ $jsonSchema: { properties: { a: { maximum: it } } } })],
  ['coordinates', (it) => filter({ a: { $geoWithin: { $geometry: { type: 'Point', coordinates: [it, it] } } } })],
  ['the query of a distinct', (it) => sentOf('distinct', { key: 'a', filter: { a: it } }, 'query')],
  ['an expression', (it) => pipeline({ $project: { a: { $add: ['$a', it] } } })],
  ['a field that is set', (it) => pipeline({ $set: { a: it } })],
  ['$literal', (it) => pipeline({ $set: { a: { $literal: [it] } } })],
  ['$match', (it) => pipeline({ $match: { a: it } })],
  ['$bucket', (it) => pipeline({ $bucket: { groupBy: '$a', boundaries: [it, it] } })],
  ['an accumulator', (it) => pipeline({ $group: { _id: it, n: { $sum: it } } })],
  ['what a stage takes', (it) => pipeline({ $densify: { field: 'a', range: { step: it, bounds: 'full' } } })],
  [
    'the pipeline of a $lookup',
    (it) => pipeline({ $lookup: { from: 'orders', as: 'a', pipeline: [{ $match: { a: it } }] } }),
  ],
  ['a projection', (it) => sentOf('find', { projection: { a: { $multiply: ['$a', it] } } }, 'projection')],
];

/** Where a reference may stand for one. */
const FILLED: readonly [string, (it: unknown) => unknown][] = [
  ...WRITTEN.filter(([where]) => !['$mod', '$jsonSchema', 'what a stage takes', 'a projection'].includes(where)).map(
    ([where, sent]): [string, (it: unknown) => unknown] => [`${where}, filled in`, (it) => sent(filled(it))],
  ),
  ['a list that is filled in', (it) => filter({ a: { $in: filled([it]) } })],
  ['a document that is filled in', (it) => filter({ a: filled({ b: [{ c: it }] }) })],
];

const EVERYWHERE = [...WRITTEN, ...FILLED];

/** Numbers as JSON writes them, with the type that holds each. */
const NUMBERS: readonly [string, string][] = [
  ['2147483647', '{"$numberInt":"2147483647"}'],
  ['-2147483648', '{"$numberInt":"-2147483648"}'],
  ['2147483648', '{"$numberLong":"2147483648"}'],
  ['-2147483649', '{"$numberLong":"-2147483649"}'],
  ['3000000000', '{"$numberLong":"3000000000"}'],
  ['9007199254740992', '{"$numberLong":"9007199254740992"}'],
  ['3e9', '{"$numberLong":"3000000000"}'],
  ['3000000000.0', '{"$numberLong":"3000000000"}'],
  ['4611686018427387904e0', '{"$numberLong":"4611686018427387904"}'],
  ['9.3e18', '{"$numberDouble":"9300000000000000000.0"}'],
  ['3000000000.5', '{"$numberDouble":"3000000000.5"}'],
  ['-0', '{"$numberDouble":"-0.0"}'],
  ['3.0', '{"$numberInt":"3"}'],
];

/** A number of a request. */
const read = (written: string): unknown => atOnce(parseScanned(written, new Work(Infinity)));

describe('a number without a type', () => {
  it.each(EVERYWHERE)('is sent as the smallest type that holds it: %s', (_where, sent) => {
    const types = NUMBERS.map(([written]) => [written, ...new Set(numbersSent(sent(read(written))))]);
    expect(types).toEqual(NUMBERS);
  });

  it.each(NUMBERS)('is sent as what Extended JSON shows of it: %s', (written) => {
    expect(numbersSent(untyped(read(written)))).toEqual([untypedText(Number(written), 'canonical')]);
  });

  it.each(NUMBERS.filter(([written]) => Number.isSafeInteger(Number(written))))(
    'is merged with the double that equals it: %s',
    (written) => {
      const number = Number(written);
      expect(equalityText(untyped(number))).toBe(equalityText(new Double(number)));
    },
  );
});

it('leaves the type of what says it', () => {
  expect(numbersSent(filter({ a: { $numberDouble: '3000000000' } }))).toEqual(['{"$numberDouble":"3000000000.0"}']);
});

it('counts documents with numbers that are none of the store’s values', () => {
  expect(sentOf('aggregate', { pipeline: [{ $limit: 3e9 }, { $skip: filled(3e9) }] }, 'pipeline')).toEqual([
    { $limit: 3e9 },
    { $skip: 3e9 },
  ]);
});
