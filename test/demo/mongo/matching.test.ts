import { Binary, Decimal128, type Document, Double, EJSON, Long, MaxKey, MinKey } from 'bson';
import { describe, expect, test } from 'vitest';
import { served } from './served.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

const mongo = served();

let runs = 0;

async function run(
  documents: readonly Document[],
  pipeline: Document[],
  name = `matched${(runs += 1)}`,
): Promise<Document[]> {
  mongo.server.load('shop', name, documents);
  return mongo.client.db('shop').collection(name).aggregate(pipeline).toArray();
}

const valued = (values: readonly unknown[]): Document[] =>
  values.map((v, _id) => (v === undefined ? { _id } : { _id, v }));

const DECIMALS = ['1.1', '2.2', '3.3'].map(decimal);
const DOUBLES = [1.1, 2.2, 3.3];
const CODES = ['2030444', new Double(43339374), Long.fromNumber(3921412), 55, ['834847278', '1893289032']];
const BITS = [54, 20, new Double(20), new Binary(Buffer.from('Zg==', 'base64'))];
const QUANTITIES = [0, 5, 12];

// The examples of MongoDB's manual, and the same with decimals.
const CONDITIONS: [values: readonly unknown[], condition: unknown, found: number[]][] = [
  [DECIMALS, { $type: 'decimal' }, [0, 1, 2]],
  [DECIMALS, { $type: 19 }, [0, 1, 2]],
  [DECIMALS, { $type: 'number' }, [0, 1, 2]],
  [DECIMALS, { $type: ['double', 'string'] }, []],
  [DOUBLES, { $type: 'double' }, [0, 1, 2]],
  [DOUBLES, { $type: 'decimal' }, []],
  [CODES, { $type: 'string' }, [0, 4]],
  [CODES, { $type: 2 }, [0, 4]],
  [CODES, { $type: 'number' }, [1, 2, 3]],
  [CODES, { $type: 'double' }, [1]],
  [CODES, { $type: 'long' }, [2]],
  [CODES, { $type: 'int' }, [3]],
  [CODES, { $type: [16, 'long'] }, [2, 3]],
  [CODES, { $type: 'array' }, [4]],
  [CODES, { $not: { $type: 'string' } }, [1, 2, 3]],
  [[null, undefined], { $type: 'null' }, [0]],
  [[null, undefined], { $exists: decimal('1') }, [0]],
  [[null, undefined], { $exists: decimal('0') }, [1]],
  [[new MinKey(), new MaxKey(), 1], { $type: ['minKey', 127] }, [0, 1]],
  [[new Date(), true, {}, new Binary(Buffer.of(1))], { $type: ['date', 'bool', 'object', 'binData'] }, [0, 1, 2, 3]],
  [[[decimal('1.0')], decimal('1'), [2]], { $all: [1] }, [0, 1]],
  [[['school', 'book', 'bag'], ['book'], 'book'], { $all: ['school', 'book'] }, [0]],
  [[[1], []], { $all: [] }, []],
  [[['a1', 'b'], ['b']], { $all: [/^a/, 'b'] }, [0]],
  [[[{ q: decimal('5.0') }], [{ q: 4 }]], { $all: [{ $elemMatch: { q: 5 } }] }, [0]],
  [
    [
      [82, 85, 88],
      [75, 88, 89],
    ],
    { $elemMatch: { $gte: 80, $lt: 85 } },
    [0],
  ],
  [[[decimal('1.1')], [decimal('5')]], { $elemMatch: { $gt: 2 } }, [1]],
  [[[[5]], [5]], { $elemMatch: { $gt: 2 } }, [1]],
  [[[5], [{ a: 2 }]], { $elemMatch: { a: { $ne: 1 } } }, [1]],
  [DECIMALS, { $mod: [2, 1] }, [0, 2]],
  [DOUBLES, { $mod: [2, 1] }, [0, 2]],
  [QUANTITIES, { $mod: [4, 0] }, [0, 2]],
  [QUANTITIES, { $mod: [4.5, 0] }, [0, 2]],
  [QUANTITIES, { $mod: [decimal('4.99'), 0] }, [0, 2]],
  [[-3, -3.9, decimal('-3.9'), 3, NaN, Infinity, 1e300, '3'], { $mod: [2, -1] }, [0, 1, 2]],
  [[[4, 5], Long.MAX_VALUE], { $mod: [2, 1] }, [0, 1]],
  [[[1, 2], 2, [decimal('1')]], { $size: decimal('2') }, [0]],
  [BITS, { $bitsAllSet: [1, 5] }, [0, 3]],
  [BITS, { $bitsAllSet: 50 }, [0]],
  [BITS, { $bitsAllSet: new Binary(Buffer.of(0x30)) }, [0]],
  [BITS, { $bitsAllClear: [1, 5] }, [1, 2]],
  [BITS, { $bitsAllClear: 35 }, [1, 2]],
  [BITS, { $bitsAnySet: [1, 5] }, [0, 3]],
  [BITS, { $bitsAnyClear: [1, 5] }, [1, 2]],
  [BITS, { $bitsAnyClear: decimal('35') }, [0, 1, 2, 3]],
  [[decimal('54.0'), decimal('54.5'), 54.5, 'x', null], { $bitsAllSet: 50 }, [0]],
  [[2 ** 40, -1], { $bitsAllSet: [40] }, [0, 1]],
  [[-1], { $bitsAllSet: [70] }, [0]],
  [[decimal('1.0'), 1, 2], { $in: [1, 5] }, [0, 1]],
  [[decimal('1.0'), 1, 2], { $nin: [1, 5] }, [2]],
  [[decimal('1.0'), 1, 2], { $ne: 1 }, [2]],
  [[decimal('NaN'), NaN, 1], { $lt: 5 }, [2]],
  [[decimal('NaN'), NaN, 1], { $gte: NaN }, [0, 1]],
  [['abc', ['xab'], 'b', 5], { $regex: 'A', $options: 'i' }, [0, 1]],
];

test.each(
  CONDITIONS.map(
    ([values, condition, found]) => [EJSON.stringify({ condition, values }), values, condition, found] as const,
  ),
)('matches as MongoDB does: %s', async (_, values, condition, found) => {
  const matched = await run(valued(values), [{ $match: { v: condition } }]);
  expect(matched.map(({ _id }) => _id as unknown)).toEqual(found);
});

test.each<[path: string, condition: unknown, found: number[]]>([
  ['a.b', 1, [0, 1]],
  ['a.b', { $type: 'array' }, [1]],
  ['a.0.b', 1, [0, 1]],
  ['a.b', { $exists: false }, [2, 3]],
  ['a.b', { $size: 1 }, [1]],
])('looks along a path through arrays: %s %j', async (path, condition, found) => {
  const documents = [{ a: [{ b: 1 }, { b: 3 }] }, { a: [{ b: [decimal('1.0')] }] }, { a: [] }, { a: 5 }];
  const matched = await run(
    documents.map((document, _id) => ({ _id, ...document })),
    [{ $match: { [path]: condition } }],
  );
  expect(matched.map(({ _id }) => _id as unknown)).toEqual(found);
});

describe('$redact', () => {
  const above = { $redact: { $cond: [{ $gt: ['$v', 2] }, '$$KEEP', '$$PRUNE'] } };

  test.each([[DECIMALS], [DOUBLES]])('prunes whole documents: %j', async (values) => {
    expect(await run(valued(values), [above, { $count: 'n' }])).toEqual([{ n: 2 }]);
  });

  const tagged = { $gt: [{ $size: { $setIntersection: ['$tags', ['STLW', 'G']] } }, 0] };
  const branch = EJSON.parse('{"branches":[{"case":true,"then":"$$DESCEND"}]}') as { branches: Document[] };
  branch.branches[0]!.case = tagged;
  const forecast = {
    _id: 1,
    tags: ['G', 'STLW'],
    year: 2014,
    nothing: [null],
    subsections: [
      { subtitle: 'Section 1', tags: ['SI', 'G'] },
      { subtitle: 'Section 2', tags: ['STLW'] },
      { subtitle: 'Section 3', tags: ['TK'], content: { tags: ['HCS'] } },
    ],
  };

  test.each<[Document]>([
    [{ $cond: [tagged, '$$DESCEND', '$$PRUNE'] }],
    [{ $switch: { ...branch, default: '$$PRUNE' } }],
  ])('goes into documents, each on its own: %j', async (expression) => {
    const expected = { ...forecast, subsections: forecast.subsections.slice(0, 2) };
    expect(await run([forecast], [{ $redact: expression }])).toEqual([expected]);
  });
});

test('$lookup and $graphLookup join numbers by value', async () => {
  const documents = [
    { _id: 1, boss: null },
    { _id: decimal('2.0'), boss: 1 },
    { _id: 3, boss: new Double(2) },
  ];
  const hierarchy = { from: 'people', startWith: '$boss', connectFromField: 'boss', connectToField: '_id', as: 'r' };
  const shown = { $project: { _id: 0, r: { $map: { input: '$r', in: ['$$this._id', '$$this.depth'] } } } };
  const joined = { $lookup: { from: 'people', localField: 'boss', foreignField: '_id', as: 'r' } };
  const last = { $match: { boss: 2 } };
  const ids = (value: unknown): unknown => EJSON.serialize(value);
  const two = ids(decimal('2.0'));

  expect(
    ids(await run(documents, [last, { $graphLookup: { ...hierarchy, depthField: 'depth' } }, shown], 'people')),
  ).toEqual([
    {
      r: [
        [two, 0],
        [1, 1],
      ],
    },
  ]);
  expect(
    ids(
      await run(
        documents,
        [last, { $graphLookup: { ...hierarchy, maxDepth: 0, depthField: 'depth' } }, shown],
        'people',
      ),
    ),
  ).toEqual([{ r: [[two, 0]] }]);
  expect(ids(await run(documents, [last, joined], 'people'))).toMatchObject([{ r: [{ _id: two }] }]);
});

describe('refuses, where it would have to guess,', () => {
  const matched = (condition: Document): Document[] => [{ $match: { v: condition } }];

  test.each<[Document[]]>([
    [matched({ $type: 'decimals' })],
    [matched({ $type: [] })],
    [matched({ $type: 'undefined' })],
    [matched({ $elemMatch: { $type: 'int' } })],
    [[{ $set: { v: 1 } }, ...matched({ $type: 'int' })]],
    [matched({ $mod: [0, 1] })],
    [matched({ $mod: [4] })],
    [matched({ $mod: ['a', 1] })],
    [matched({ $mod: [NaN, 1] })],
    [matched({ $mod: [1e300, 1] })],
    [matched({ $all: 1 })],
    [matched({ $all: [{ $gt: 1 }] })],
    [matched({ $in: 1 })],
    [matched({ $size: 1.5 })],
    [matched({ $size: -1 })],
    [matched({ $bitsAllSet: -1 })],
    [matched({ $bitsAllSet: 1.5 })],
    [matched({ $bitsAllSet: ['a'] })],
    [matched({ $elemMatch: 1 })],
    [[{ $match: { $jsonSchema: { required: ['v'] } } }]],
    [[{ $project: { w: decimal('1') } }]],
    [[{ $project: { w: { x: decimal('0') } } }]],
    [[{ $redact: '$v' }]],
    [[{ $redact: { $cond: [{ $eq: ['$$ROOT.v', 1] }, '$$PRUNE', '$$DESCEND'] } }]],
    [[{ $setWindowFields: { sortBy: { v: 1 }, output: { r: { $rank: {} } } } }]],
    [[{ $densify: { field: 'w', range: { step: 1, bounds: 'full' } } }]],
    [
      [
        {
          $graphLookup: {
            from: 'x',
            startWith: '$v',
            connectFromField: 'v',
            connectToField: 'v',
            as: 'r',
            maxDepth: -1,
          },
        },
      ],
    ],
  ])('%j', async (pipeline) => {
    await expect(run([{ _id: 0, v: [1], w: decimal('1') }], pipeline)).rejects.toMatchObject({ code: 2 });
  });
});
