import { Decimal128, type Document, Double, EJSON, Long } from 'bson';
import { describe, expect, test } from 'vitest';
import { served } from './served.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const long = (text: string): Long => Long.fromString(text);
const BEYOND = long('9007199254740993');

const mongo = served();

let runs = 0;

/** What a pipeline answers of documents that have these values, with every type told. */
async function run(values: readonly unknown[], pipeline: Document[]): Promise<unknown> {
  const name = `values${(runs += 1)}`;
  mongo.server.load(
    'shop',
    name,
    values.map((v, _id) => (v === undefined ? { _id } : { _id, v })),
  );
  const answers = await mongo.client
    .db('shop')
    .collection(name)
    .aggregate(pipeline, { promoteValues: false })
    .toArray();
  return EJSON.serialize(answers, { relaxed: false });
}

function written(value: unknown): unknown {
  return EJSON.serialize({ value }, { relaxed: false }).value;
}

const PRICES = ['9.90', '11.50', '100.00'].map(decimal);
const N = (n: number, input: unknown = '$v'): Document => ({ n, input });
const approximate = (input: unknown): Document => ({ input, method: 'approximate' });

// What MongoDB's manual says of each operator, and of the types that it answers in.
const GROUPS: [name: string, accumulator: Document, values: unknown[], expected: unknown][] = [
  ['decimals are summed', { $sum: '$v' }, PRICES, decimal('121.40')],
  ['a decimal among ints and doubles makes a decimal', { $sum: '$v' }, [1, 0.5, decimal('2.10')], decimal('3.60')],
  [
    'a double keeps its last digit in a decimal',
    { $sum: '$v' },
    [0.1, decimal('0')],
    decimal('0.1000000000000000055511151231257827'),
  ],
  ['decimals are not rounded to doubles', { $sum: '$v' }, [decimal('0.1'), decimal('0.2')], decimal('0.3')],
  [
    'a sum has 34 digits',
    { $sum: '$v' },
    [decimal('1E+33'), decimal('0.5')],
    decimal('1000000000000000000000000000000000'),
  ],
  ['ints are summed', { $sum: '$v' }, [1, 2], 3],
  ['doubles are summed', { $sum: '$v' }, [0.1, 0.2, 0.3], 0.6],
  ['a sum of ints beyond 2^53 is a long', { $sum: '$v' }, [Number.MAX_SAFE_INTEGER, 2], BEYOND],
  ['a sum of longs is a long', { $sum: '$v' }, [BEYOND, 1], long('9007199254740994')],
  ['a sum beyond a long is a double', { $sum: '$v' }, [Long.MAX_VALUE, Long.MAX_VALUE], new Double(2 ** 64)],
  ['a long beside a double is a double', { $sum: '$v' }, [BEYOND, 0.5], new Double(9007199254740994)],
  ['what is no number is not summed', { $sum: '$v' }, ['9', null, undefined, [1], decimal('1')], decimal('1')],
  ['a sum of nothing is 0', { $sum: '$v' }, ['a'], 0],
  ['NaN is a sum', { $sum: '$v' }, [decimal('NaN'), 1], decimal('NaN')],
  ['infinities cancel out', { $sum: '$v' }, [decimal('Infinity'), decimal('-Infinity')], decimal('NaN')],
  [
    'what no double holds is a sum',
    { $sum: '$v' },
    [decimal('1E+400'), 0],
    decimal('1.000000000000000000000000000000000E+400'),
  ],
  ['a constant is counted', { $sum: 1 }, PRICES, 3],
  ['an average of decimals', { $avg: '$v' }, PRICES.slice(0, 2), decimal('10.70')],
  [
    'an average that goes on',
    { $avg: '$v' },
    [decimal('1'), decimal('0'), 1],
    decimal('0.6666666666666666666666666666666667'),
  ],
  [
    'an average that goes on below zero',
    { $avg: '$v' },
    [decimal('-1'), decimal('0'), -1],
    decimal('-0.6666666666666666666666666666666667'),
  ],
  ['an average needs the digits it needs', { $avg: '$v' }, [decimal('1'), decimal('2')], decimal('1.5')],
  ['an average of ints', { $avg: '$v' }, [1, 2, 'x', null], 1.5],
  ['an average of nothing', { $avg: '$v' }, ['x', undefined], null],
  ['an average with NaN', { $avg: '$v' }, [decimal('NaN'), 1], decimal('NaN')],
  ['the greatest decimal', { $max: '$v' }, PRICES, decimal('100.00')],
  ['the least decimal', { $min: '$v' }, PRICES, decimal('9.90')],
  ['the greatest across types of numbers', { $max: '$v' }, [decimal('9.90'), 10, 9.95], 10],
  ['the least across types of numbers', { $min: '$v' }, [decimal('9.90'), 10, BEYOND], decimal('9.90')],
  ['null is no extreme', { $min: '$v' }, [null, undefined, decimal('2')], decimal('2')],
  ['nothing has no extreme', { $max: '$v' }, [null], null],
  ['an extreme goes by type', { $max: '$v' }, ['a', decimal('2'), [1]], [1]],
  ['the least few', { $minN: N(2) }, PRICES, [decimal('9.90'), decimal('11.50')]],
  ['the greatest few', { $maxN: N(2) }, PRICES, [decimal('100.00'), decimal('11.50')]],
  ['the first by another field', { $top: { sortBy: { v: -1 }, output: '$v' } }, PRICES, decimal('100.00')],
  ['the first few', { $topN: { n: 2, sortBy: { v: 1 }, output: '$v' } }, PRICES, PRICES.slice(0, 2)],
  ['the last', { $bottom: { sortBy: { v: 1 }, output: '$v' } }, PRICES, decimal('100.00')],
  ['the last few', { $bottomN: { n: 2, sortBy: { v: 1 }, output: '$v' } }, PRICES, PRICES.slice(1)],
  [
    'a set knows one number by all its names',
    { $addToSet: '$v' },
    [decimal('1.0'), 1, decimal('1.00'), 2],
    [decimal('1.0'), 2],
  ],
  ['a list keeps all but what is missing', { $push: '$v' }, [decimal('1.0'), undefined, null], [decimal('1.0'), null]],
  ['a deviation is a double', { $stdDevPop: '$v' }, [decimal('2'), 4, '9'], 1],
  ['a deviation of a sample', { $stdDevSamp: '$v' }, [decimal('1'), 2, 3], 1],
  ['one value is no sample', { $stdDevSamp: '$v' }, [decimal('1')], null],
  ['nothing deviates', { $stdDevPop: '$v' }, ['x'], null],
  ['a median is a double, and goes by value', { $median: approximate('$v') }, [decimal('9'), 10, 100, 'x'], 10],
  ['percentiles', { $percentile: { ...approximate('$v'), p: [0.5, 0.95] } }, [9, 10, 100, decimal('1.5')], [9, 100]],
  ['no percentile of nothing', { $percentile: { ...approximate('$v'), p: [0.5] } }, ['x'], [null]],
  [
    'what an expression makes of each',
    { $sum: { $max: ['$v', 10] } },
    [decimal('9.90'), decimal('11.50')],
    decimal('21.50'),
  ],
  ['the first', { $first: '$v' }, PRICES, decimal('9.90')],
  ['the last', { $last: '$v' }, PRICES, decimal('100.00')],
  ['a count', { $count: {} }, PRICES, 3],
];

test.each(GROUPS)('in a group, %s', async (_, accumulator, values, expected) => {
  expect(await run(values, [{ $group: { _id: null, r: accumulator } }])).toEqual([{ _id: null, r: written(expected) }]);
});

const literal = (value: unknown): Document => ({ $literal: value });
const D = (text: string): Document => literal(decimal(text));

/** An object with a `then` is written as text, for a linter takes it for a promise. */
const parsed = (text: string): Document => EJSON.parse(text, { relaxed: false }) as Document;

const EXPRESSIONS: [expression: Document, expected: unknown][] = [
  [{ $sum: ['$v', 2, 'x'] }, decimal('11.90')],
  [{ $sum: '$v' }, decimal('9.90')],
  [{ $sum: [[D('1.5'), 2]] }, decimal('3.5')],
  [{ $avg: ['$v', 2] }, decimal('5.95')],
  [{ $avg: 'x' }, null],
  [{ $max: ['$v', D('11.50')] }, decimal('11.50')],
  [{ $min: ['$v', D('11.50')] }, decimal('9.90')],
  [{ $max: [[D('9.90'), D('11.50')]] }, decimal('11.50')],
  [{ $stdDevPop: [D('2'), 4] }, 1],
  [{ $maxN: N(1, [D('9.90'), D('11.50')]) }, [decimal('11.50')]],
  [{ $minN: N(1, [D('9.90'), D('11.50')]) }, [decimal('9.90')]],
  [{ $median: approximate([9, 10, 100]) }, 10],
  [
    { $reduce: { input: [[D('1.5'), 2], [D('9')]], initialValue: 0, in: { $max: ['$$value', { $sum: '$$this' }] } } },
    decimal('9'),
  ],
  [{ $sortArray: { input: [D('11.50'), D('9.90'), 10], sortBy: 1 } }, [decimal('9.90'), 10, decimal('11.50')]],
  [
    { $sortArray: { input: [{ p: D('11.50') }, { p: D('9.90') }], sortBy: { p: 1 } } },
    [{ p: decimal('9.90') }, { p: decimal('11.50') }],
  ],
  [{ $indexOfArray: [[1, D('2.0')], 2] }, 1],
  [{ $setUnion: [[D('1.0'), 1], [2]] }, [decimal('1.0'), 2]],
  [{ $setIntersection: [[D('1.0'), 2], [1]] }, [decimal('1.0')]],
  [{ $setDifference: [[D('1.0'), 2], [1]] }, [2]],
  [
    {
      $setEquals: [
        [D('1.0'), 2],
        [2, 1],
      ],
    },
    true,
  ],
  [{ $setIsSubset: [[D('1.0')], [2, 1]] }, true],
  [{ $cond: [D('0.00'), 'yes', 'no'] }, 'no'],
  [parsed('{"$cond":{"if":{"$literal":{"$numberDecimal":"0.10"}},"then":"yes","else":"no"}}'), 'yes'],
  [parsed('{"$switch":{"branches":[{"case":{"$literal":{"$numberDecimal":"0"}},"then":"yes"}],"default":"no"}}'), 'no'],
  [{ $filter: { input: [D('0'), D('1')], cond: '$$this' } }, [decimal('1')]],
  [{ $and: [D('0'), true] }, false],
  [{ $or: [D('0E+3')] }, false],
  [{ $not: [D('0')] }, true],
  [{ $anyElementTrue: [[D('0')]] }, false],
  [{ $allElementsTrue: [[D('0'), 1]] }, false],
  [{ $toBool: D('0') }, false],
  [{ $convert: { input: D('0'), to: 'bool' } }, false],
  [{ $isNumber: '$v' }, true],
  [{ $type: '$v' }, 'decimal'],
  [{ $toDecimal: '1.10' }, decimal('1.10')],
  [{ $toDecimal: 2.5 }, decimal('2.50000000000000')],
  [{ $convert: { input: '1.10', to: 'decimal' } }, decimal('1.10')],
  [{ $convert: { input: 'x', to: 'decimal', onError: 'none' } }, 'none'],
  [{ $toDouble: '$v' }, 9.9],
  [{ $toInt: '$v' }, 9],
];

test.each(EXPRESSIONS.map(([expression, expected]) => [EJSON.stringify(expression), expression, expected] as const))(
  'as an expression, %s',
  async (_, expression, expected) => {
    expect(await run([decimal('9.90')], [{ $project: { _id: 0, r: expression } }])).toEqual([{ r: written(expected) }]);
  },
);

const sumOf = { r: { $sum: '$v' } };

const STAGES: [name: string, stage: Document, values: unknown[], expected: Document[]][] = [
  [
    'groups know one number by all its names',
    { $group: { _id: '$v', n: { $sum: 1 } } },
    [decimal('1.0'), 1, decimal('1.00')],
    [{ _id: decimal('1.0'), n: 3 }],
  ],
  ['groups of what is missing', { $group: { _id: '$v', n: { $sum: 1 } } }, [null, undefined], [{ _id: null, n: 2 }]],
  [
    'a count of each value',
    { $sortByCount: '$v' },
    [2, decimal('1.0'), 1],
    [
      { _id: decimal('1.0'), count: 2 },
      { _id: 2, count: 1 },
    ],
  ],
  [
    'buckets go by value, and are not there without one',
    { $bucket: { groupBy: '$v', boundaries: [0, decimal('10'), decimal('50'), 200], output: sumOf } },
    PRICES.toSpliced(1, 1),
    [
      { _id: 0, r: decimal('9.90') },
      { _id: decimal('50'), r: decimal('100.00') },
    ],
  ],
  [
    'what lies outside of all buckets',
    { $bucket: { groupBy: '$v', boundaries: [0, 10], default: 'more' } },
    PRICES,
    [
      { _id: 0, count: 1 },
      { _id: 'more', count: 2 },
    ],
  ],
  [
    'equal buckets',
    { $bucketAuto: { groupBy: '$_id', buckets: 1, output: sumOf } },
    PRICES,
    [{ _id: { min: 0, max: 2 }, r: decimal('121.40') }],
  ],
  [
    'a condition that a zero does not meet',
    { $match: { $expr: '$v' } },
    [decimal('0'), decimal('1')],
    [{ _id: 1, v: decimal('1') }],
  ],
];

test.each(STAGES)('%s', async (_, stage, values, expected) => {
  const answers = (await run(values, [stage])) as Document[];
  expect(JSON.stringify(answers)).toBe(JSON.stringify(expected.map((document) => written(document))));
});

describe('refuses, where it would have to guess,', () => {
  const windowed = (r: Document): Document => ({ $setWindowFields: { sortBy: { _id: 1 }, output: { r } } });
  const projected = (r: Document): Document => ({ $project: { r } });

  test.each<[Document]>([
    [{ $bucketAuto: { groupBy: '$v', buckets: 2 } }],
    [{ $bucket: { groupBy: '$v', boundaries: [0, 10] } }],
    [{ $bucket: { groupBy: '$v', boundaries: [10, decimal('9')] } }],
    [{ $bucket: { groupBy: '$v', boundaries: [0, 10], default: decimal('5') } }],
    [{ $fill: { sortBy: { v: 1 }, output: { w: { method: 'locf' } } } }],
    [{ $fill: { sortBy: { _id: 1 }, output: { v: { method: 'linear' } } } }],
    [{ $densify: { field: 'v', range: { step: 1, bounds: 'full' } } }],
    [windowed({ $sum: '$v' })],
    [{ $group: { _id: null, r: { $covariancePop: ['$v', '$_id'] } } }],
    [{ $group: { _id: null, r: { $sum: ['$v', 1] } } }],
    [{ $group: { _id: null, r: { $maxN: N(0) } } }],
    [{ $group: { _id: null, r: { $percentile: { ...approximate('$v'), p: [2] } } } }],
    [{ $group: { r: { $sum: 1 } } }],
    [projected({ $add: ['$v', 1] })],
    [projected({ $multiply: ['$v', 2] })],
    [projected({ $divide: ['$v', 2] })],
    [projected({ $abs: '$v' })],
    [projected({ $round: ['$v', 1] })],
    [projected({ $atan2: ['$v', 1] })],
    [projected({ $toString: '$v' })],
    [projected({ $toDate: '$v' })],
    [projected({ $toHashedIndexKey: '$v' })],
    [projected({ $dateFromParts: { year: '$v' } })],
    [projected({ $dateAdd: { startDate: new Date(0), unit: 'day', amount: '$v' } })],
  ])('%j', async (stage) => {
    await expect(run(PRICES, [stage])).rejects.toMatchObject({
      code: expect.objectContaining({ value: 2 }) as unknown,
    });
  });
});
