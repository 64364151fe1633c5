import { describe, expect, test } from 'vitest';
import { OPERATORS } from '../../../adapters/mongo/operators.ts';
import { checked, filled, filterFaults, pipelineFaults, source } from './checked.ts';

/** A source that allows all operators but these. */
const without = (...names: string[]) => source({ operators: [...OPERATORS].filter((name) => !names.includes(name)) });

const pattern = { $regularExpression: { pattern: '^a', options: '' } };
const folding = { $regularExpression: { pattern: '^a', options: 'i' } };

/** Where in a filter a pattern may stand, and where it is then at fault. */
const patterns: [string, unknown, string][] = [
  ['as $regex', { a: { $regex: '^a' } }, 'a/$regex'],
  ['as a value', { a: pattern }, 'a/$regularExpression'],
  ['under $eq', { a: { $eq: pattern } }, 'a/$eq/$regularExpression'],
  ['under $in', { a: { $in: ['x', pattern] } }, 'a/$in/1/$regularExpression'],
  ['under $nin', { a: { $nin: [pattern] } }, 'a/$nin/0/$regularExpression'],
  ['under $all', { a: { $all: [pattern] } }, 'a/$all/0/$regularExpression'],
  ['under $not', { a: { $not: pattern } }, 'a/$not/$regularExpression'],
  ['under $elemMatch', { a: { $elemMatch: { b: pattern } } }, 'a/$elemMatch/b/$regularExpression'],
  ['under $elemMatch and $in', { a: { $elemMatch: { $in: [pattern] } } }, 'a/$elemMatch/$in/0/$regularExpression'],
  ['in a document', { a: { b: [{ c: pattern }] } }, 'a/b/0/c/$regularExpression'],
  ['below $and', { $and: [{ $nor: [{ a: pattern }] }] }, '$and/0/$nor/0/a/$regularExpression'],
  [
    'in $regexMatch',
    { $expr: { $regexMatch: { input: '$a', regex: pattern } } },
    '$expr/$regexMatch/regex/$regularExpression',
  ],
  ['as a literal', { $expr: { $eq: ['$a', { $literal: pattern }] } }, '$expr/$eq/1/$literal/$regularExpression'],
  ['in $jsonSchema', { $jsonSchema: { properties: { a: { pattern: '^a' } } } }, '$jsonSchema/properties/a/pattern'],
  [
    'by names in $jsonSchema',
    { $jsonSchema: { allOf: [{ not: { patternProperties: { '^a': {} } } }] } },
    '$jsonSchema/allOf/0/not/patternProperties',
  ],
  [
    'among the values of $jsonSchema',
    { $jsonSchema: { properties: { a: { enum: [pattern] } } } },
    '$jsonSchema/properties/a/enum/0/$regularExpression',
  ],
];

describe('a source without $regex', () => {
  test.each(patterns)('takes no pattern %s, in a find and in a pipeline', (_, filter, at) => {
    expect(filterFaults(filter)).toEqual([]);
    expect(filterFaults(filter, without('$regex'))).toEqual([at]);
    for (const [stage, below] of [
      [{ $match: filter }, '$match'],
      [{ $lookup: { from: 'users', as: 'x', pipeline: [{ $match: filter }] } }, '$lookup/pipeline/0/$match'],
      [{ $facet: { x: [{ $match: filter }] } }, '$facet/x/0/$match'],
    ] as const)
      expect(pipelineFaults([stage], without('$regex'))).toEqual([`0/${below}/${at}`]);
  });

  test('takes none in a projection, and none filled in', () => {
    const projection = { a: { $elemMatch: { b: pattern } } };
    expect(checked('find', { collection: 'users', projection }, without('$regex')).faults).toHaveLength(1);
    for (const value of [pattern, /^a/, { $regex: '^a' }, [pattern]])
      expect(filterFaults({ a: filled(value) }, without('$regex'))).toEqual(['a']);
  });

  test('still takes what only looks like one', () => {
    const schema = { properties: { pattern: { bsonType: 'string' } }, required: ['pattern'], enum: [{ pattern: 1 }] };
    for (const filter of [{ $jsonSchema: schema }, { pattern: 'x' }, { a: { pattern: '^a', options: '' } }])
      expect(filterFaults(filter, without('$regex'))).toEqual([]);
  });
});

test('a source without $options takes no pattern with options', () => {
  expect(filterFaults({ a: pattern }, without('$options'))).toEqual([]);
  expect(filterFaults({ a: folding }, without('$options'))).toEqual(['a/$regularExpression']);
  expect(filterFaults({ a: { $regex: '^a', $options: 'i' } }, without('$options'))).toEqual(['a/$options']);
  expect(filterFaults({ a: folding })).toEqual([]);
});

/** Other operators that another one could stand for. */
test.each([
  ['$geometry', { a: { $geoWithin: { $geometry: { type: 'Point', coordinates: [1, 2] } } } }],
  [
    '$box',
    {
      a: {
        $geoWithin: {
          $box: [
            [0, 0],
            [1, 1],
          ],
        },
      },
    },
  ],
  ['$maxDistance', { a: { $near: { $geometry: { type: 'Point', coordinates: [1, 2] }, $maxDistance: 1 } } }],
  ['$text', { $text: { $search: 'x' } }],
  ['$text', { $or: [{ $text: { $search: 'x' } }] }],
  ['$expr', { $nor: [{ $expr: { $eq: [1, 1] } }] }],
  ['$regexMatch', { $expr: { $not: [{ $regexMatch: { input: '$a', regex: 'x' } }] } }],
])('a source without %s does not take it in %j', (name, filter) => {
  expect(filterFaults(filter)).toEqual([]);
  expect(filterFaults(filter, without(name))).toHaveLength(1);
});

/** What stands beside an operator that is allowed, or in it. */
test.each([
  ['find', { projection: { a: { $slice: 1, $elemMatch: { b: 1 } } } }, '$elemMatch', 'projection/a/$elemMatch'],
  ['find', { projection: { a: { $elemMatch: { b: 1 }, $slice: 1 } } }, '$slice', 'projection/a/$slice'],
  ['find', { projection: { a: { $slice: [1, 2] } } }, '$slice', 'projection/a/$slice'],
  ['find', { projection: { a: { b: { $meta: 'textScore' } } } }, '$meta', 'projection/a/b/$meta'],
  ['find', { sort: { a: { $meta: 'textScore' } } }, '$meta', 'sort/a/$meta'],
  [
    'aggregate',
    { pipeline: [{ $set: { a: { $getField: { $literal: 'b' } } } }] },
    '$literal',
    'pipeline/0/$set/a/$getField/$literal',
  ],
  [
    'aggregate',
    { pipeline: [{ $set: { a: { $getField: { field: { $literal: '$b' }, input: '$c' } } } }] },
    '$literal',
    'pipeline/0/$set/a/$getField/field/$literal',
  ],
  [
    'aggregate',
    { pipeline: [{ $set: { a: { $setField: { field: { $literal: '$b' }, input: '$c', value: 1 } } } }] },
    '$literal',
    'pipeline/0/$set/a/$setField/field/$literal',
  ],
])('a source of %s %j without %s', (op, params, name, at) => {
  const faults = (options = source()) => checked(op, { collection: 'users', ...params }, options).faults;
  expect(faults()).toEqual([]);
  expect(faults(without(name)).map((fault) => fault.at)).toEqual([at]);
});

const near = { a: { $near: { $geometry: { type: 'Point', coordinates: [1, 2] } } } };

test.each([
  ['find', { filter: near }, []],
  ['findOne', { filter: { b: { $elemMatch: { $nor: [{ a: { $nearSphere: [1, 2] } }] } } } }, []],
  ['countDocuments', { filter: near }, ['filter/a/$near']],
  ['countDocuments', { filter: { a: { $nearSphere: [1, 2] } } }, ['filter/a/$nearSphere']],
  ['aggregate', { pipeline: [{ $match: near }] }, ['pipeline/0/$match/a/$near']],
  [
    'aggregate',
    { pipeline: [{ $lookup: { from: 'users', as: 'x', pipeline: [{ $match: { $or: [near] } }] } }] },
    ['pipeline/0/$lookup/pipeline/0/$match/$or/0/a/$near'],
  ],
])('what sorts by distance stands in no aggregation: %s %j', (op, params, at) => {
  expect(checked(op, { collection: 'users', ...params }).faults.map((fault) => fault.at)).toEqual(at);
});

test.each([
  ['$getField', 'aggregate', { pipeline: [{ $set: { a: { $getField: { $literal: 'b' } } } }] }, /name of a field/],
  ['$geoWithin', 'countDocuments', { filter: near }, /: \$geoWithin is$/],
  [
    '$eq',
    'countDocuments',
    { filter: near },
    /^this operator is not allowed, but a reference is; allowed here: \$oid, .*, \$maxKey, \$eq$/,
  ],
])('a source of %s alone says of %s %j what it allows', (name, op, params, detail) => {
  const [fault] = checked(op, { collection: 'users', ...params }, source({ operators: [name] })).faults;
  expect(fault?.detail).toMatch(detail);
});
