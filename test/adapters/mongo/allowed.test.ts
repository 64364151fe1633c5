import { expect, test } from 'vitest';
import { OPERATORS } from '../../../adapters/mongo/operators.ts';
import { checked, source } from './checked.ts';

const CONDITIONS = '$and, $or, $nor, $expr, $jsonSchema, $text, $comment, $sampleRate';
const TYPES =
  '$oid, $date, $numberInt, $numberLong, $numberDouble, $numberDecimal, $binary, $uuid, $timestamp, $minKey, $maxKey';
const few = source({ operators: ['$eq', '$gt', '$and', '$elemMatch', '$abs'], stages: ['$match', '$limit'] });
const folding = { $regularExpression: { pattern: '^a', options: 'i' } };
const noOptions = source({ operators: [...OPERATORS].filter((name) => name !== '$options') });

const find = (filter: object) => ['find', { filter }] as const;
const aggregate = (...pipeline: object[]) => ['aggregate', { pipeline }] as const;

test.each([
  [
    'an operator for a field',
    find({ $where: '1' }),
    undefined,
    `this operator is not allowed; allowed here: ${CONDITIONS}`,
  ],
  [
    'a type there is not',
    find({ a: { $objectId: 'x' } }),
    few,
    `this operator is not allowed, but a reference is; allowed here: ${TYPES}, $eq, $gt, $elemMatch`,
  ],
  [
    'an operator beside another',
    find({ a: { $gt: 1, $ref: 'x' } }),
    few,
    'this operator is not allowed; allowed here: $eq, $gt, $elemMatch',
  ],
  [
    'an operator in a list',
    find({ a: { $elemMatch: { $mod: [1, 0] } } }),
    few,
    'this operator is not allowed; allowed here: $eq, $gt, $elemMatch',
  ],
  ['a name beside an operator', find({ a: { $gt: 1, b: 1 } }), few, 'allowed here: $eq, $gt, $elemMatch'],
  [
    'an operator in data',
    find({ a: { $eq: { $gt: 1 } } }),
    few,
    `no operator may stand here, but a reference may; allowed here: ${TYPES}`,
  ],
  ['a pattern', find({ a: folding }), few, `this type is not allowed; allowed here: ${TYPES}`],
  ['options of a pattern', find({ a: folding }), noOptions, 'a pattern whose options are "" is allowed here'],
  [
    'a key',
    find({ _bsontype: 1 }),
    undefined,
    'a key without NUL and lone surrogates, other than _bsontype, is allowed here',
  ],
  [
    'a condition',
    aggregate({ $match: { a: { $eq: 1 } } }, { $match: { $and: [{ $expr: 1 }] } }),
    few,
    'this operator is not allowed; allowed here: $and',
  ],
  ['a stage', aggregate({ $out: 'x' }), few, 'this stage is not allowed; allowed here: $match, $limit'],
  [
    'a stage of its own',
    aggregate({ $documents: [] }),
    source({ stages: ['$documents', '$match'] }),
    'this stage is not allowed; allowed here: $match',
  ],
])('the fault says what is allowed in the place of %s', (_what, [op, params], options, detail) => {
  const { faults } = checked(op, { collection: 'users', ...params }, options);
  expect(faults.map((fault) => fault.detail)).toEqual([detail]);
});

test.each([
  ['an operator', find({ a: { $foo: 1 } })],
  ['an operator in an expression', aggregate({ $project: { a: { $function: {} } } })],
  ['a stage', aggregate({ $merge: 'x' })],
])('of very many the first are told, and how many others there are: %s', (_what, [op, params]) => {
  const [fault] = checked(op, { collection: 'users', ...params }).faults;
  expect(fault!.detail).toMatch(
    / is not allowed(?:, but a reference is)?; allowed here: (?:\$\w+, )+\$\w+(?: and \d+ more)?$/,
  );
  expect(fault!.detail.length).toBeLessThanOrEqual(512);
});

test('what a field may be compared with is looked at a few times, however many operators are not allowed', () => {
  let looks = 0;
  const operators = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`$no${index}`, 1]));
  const a = new Proxy(operators, { ownKeys: (target) => ((looks += 1), Reflect.ownKeys(target)) });
  const { faults } = checked('find', { collection: 'users', filter: { a } });
  expect(faults).toHaveLength(200);
  expect(looks).toBeLessThan(20);
});
