import { describe, expect, test } from 'vitest';
import { STAGES } from '../../../adapters/mongo/operators.ts';
import { pipelineFaults, source } from './checked.ts';

const forbidden = [
  '$out',
  '$merge',
  '$currentOp',
  '$collStats',
  '$indexStats',
  '$listSessions',
  '$listLocalSessions',
  '$listSampledQueries',
  '$listSearchIndexes',
  '$planCacheStats',
  '$changeStream',
  '$changeStreamSplitLargeEvent',
  '$shardedDataDistribution',
  '$queryStats',
  '$listClusterCatalog',
  '$querySettings',
  '$listMqlEntities',
  '$backupCursor',
];

const lookup = { from: 'orders', localField: '_id', foreignField: 'userId', as: 'orders' };

/** Every place where a pipeline stands in a pipeline. */
const nested: [string, (pipeline: unknown[]) => unknown][] = [
  ['0/$facet/a', (pipeline) => ({ $facet: { a: pipeline } })],
  ['0/$lookup/pipeline', (pipeline) => ({ $lookup: { ...lookup, pipeline } })],
  ['0/$unionWith/pipeline', (pipeline) => ({ $unionWith: { coll: 'orders', pipeline } })],
  ['0/$rankFusion/input/pipelines/a', (pipeline) => ({ $rankFusion: { input: { pipelines: { a: pipeline } } } })],
  [
    '0/$scoreFusion/input/pipelines/a',
    (pipeline) => ({ $scoreFusion: { input: { pipelines: { a: pipeline }, normalization: 'none' } } }),
  ],
];

describe('a pipeline', () => {
  test.each(forbidden)('has no stage %s, at any depth', (stage) => {
    expect(STAGES.has(stage)).toBe(false);
    expect(pipelineFaults([{ [stage]: {} }])).toEqual([`0/${stage}`]);
    for (const [at, around] of nested) {
      expect(pipelineFaults([around([{ $match: {} }, { [stage]: {} }])])).toEqual([`${at}/1/${stage}`]);
    }
  });

  test.each(nested)('is checked at %s', (at, around) => {
    expect(pipelineFaults([around([{ $match: { a: 1 } }])])).toEqual([]);
    expect(pipelineFaults([around([{ $match: { $where: '1' } }])])).toEqual([`${at}/0/$match/$where`]);
    expect(pipelineFaults([around([{ $lookup: { ...lookup, from: 'secrets' } }])])).toEqual([`${at}/0/$lookup/from`]);
  });

  test.each([
    [{ $lookup: { ...lookup, from: 'secrets' } }, '0/$lookup/from'],
    [{ $lookup: { ...lookup, from: { db: 'admin', coll: 'users' } } }, '0/$lookup/from'],
    [{ $lookup: { ...lookup, from: '$$ROOT' } }, '0/$lookup/from'],
    [{ $lookup: { as: 'x', pipeline: [{ $match: {} }] } }, '0/$lookup/pipeline'],
    [{ $lookup: { as: 'x' } }, '0/$lookup'],
    [{ $unionWith: 'secrets' }, '0/$unionWith'],
    [{ $unionWith: { coll: 'secrets' } }, '0/$unionWith/coll'],
    [{ $unionWith: { pipeline: [{ $match: {} }] } }, '0/$unionWith/pipeline'],
    [
      { $graphLookup: { from: 'secrets', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'c' } },
      '0/$graphLookup/from',
    ],
    [
      {
        $graphLookup: {
          from: 'users',
          startWith: '$a',
          connectFromField: 'a',
          connectToField: 'b',
          as: 'c',
          restrictSearchWithMatch: { $where: 1 },
        },
      },
      '0/$graphLookup/restrictSearchWithMatch/$where',
    ],
    [{ $documents: [{ a: 1 }] }, '0/$documents'],
  ])('reads no other collection: %j', (stage, at) => {
    expect(pipelineFaults([stage])).toEqual([at]);
  });

  test('may bring its own documents where it names no collection', () => {
    const pipeline = [{ $documents: [{ a: { $add: [1, 2] } }] }, { $match: { a: 3 } }];
    expect(pipelineFaults([{ $lookup: { as: 'x', pipeline } }, { $unionWith: { pipeline } }])).toEqual([]);
  });

  /** Every place where an expression stands. */
  const expressions: [string, (expression: unknown) => unknown][] = [
    ['0/$project/a', (it) => ({ $project: { a: it } })],
    ['0/$project/a/b', (it) => ({ $project: { a: { b: it } } })],
    ['0/$addFields/a', (it) => ({ $addFields: { a: it } })],
    ['0/$set/a/b', (it) => ({ $set: { a: { b: it } } })],
    ['0/$group/_id', (it) => ({ $group: { _id: it } })],
    ['0/$group/n/$sum', (it) => ({ $group: { _id: null, n: { $sum: it } } })],
    [
      '0/$group/n/$topN/output',
      (it) => ({ $group: { _id: null, n: { $topN: { n: 1, sortBy: { a: 1 }, output: it } } } }),
    ],
    ['0/$bucket/groupBy', (it) => ({ $bucket: { groupBy: it, boundaries: [1, 2] } })],
    ['0/$bucket/boundaries/0', (it) => ({ $bucket: { groupBy: '$a', boundaries: [it, 2] } })],
    [
      '0/$bucketAuto/output/n/$avg',
      (it) => ({ $bucketAuto: { groupBy: '$a', buckets: 2, output: { n: { $avg: it } } } }),
    ],
    ['0/$sortByCount', (it) => ({ $sortByCount: it })],
    ['0/$redact', (it) => ({ $redact: it })],
    ['0/$replaceRoot/newRoot', (it) => ({ $replaceRoot: { newRoot: it } })],
    ['0/$replaceWith', (it) => ({ $replaceWith: it })],
    ['0/$lookup/let/x', (it) => ({ $lookup: { ...lookup, let: { x: it } } })],
    [
      '0/$graphLookup/startWith',
      (it) => ({ $graphLookup: { from: 'users', startWith: it, connectFromField: 'a', connectToField: 'b', as: 'c' } }),
    ],
    [
      '0/$setWindowFields/partitionBy',
      (it) => ({ $setWindowFields: { partitionBy: it, output: { n: { $rank: {} } } } }),
    ],
    [
      '0/$setWindowFields/output/n/$sum',
      (it) => ({ $setWindowFields: { output: { n: { $sum: it, window: { documents: ['unbounded', 'current'] } } } } }),
    ],
    ['0/$fill/output/a/value', (it) => ({ $fill: { output: { a: { value: it } } } })],
    ['0/$score/score', (it) => ({ $score: { score: it } })],
    ['0/$match/$expr', (it) => ({ $match: { $expr: it } })],
    ['0/$project/a/$map/in', (it) => ({ $project: { a: { $map: { input: '$x', as: 'y', in: it } } } })],
    ['0/$project/a/$let/vars/v', (it) => ({ $project: { a: { $let: { vars: { v: it }, in: '$$v' } } } })],
    ['0/$project/a/$switch/default', (it) => ({ $project: { a: { $switch: { branches: [], default: it } } } })],
    ['0/$project/a/$cond/1', (it) => ({ $project: { a: { $cond: [true, it, 0] } } })],
    ['0/$project/a/$getField/input', (it) => ({ $project: { a: { $getField: { field: 'b', input: it } } } })],
  ];

  test.each(expressions)('has its expression at %s checked', (at, around) => {
    expect(pipelineFaults([around({ $add: ['$a.b', 1] })])).toEqual([]);
    expect(pipelineFaults([around('$$ROOT.a')])).toEqual([]);
    expect(pipelineFaults([around({ $function: { body: 'f', args: [], lang: 'js' } })])).toEqual([`${at}/$function`]);
    expect(pipelineFaults([around({ $concat: ['a', { $toString: '$$USER_ROLES' }] })])).toEqual([
      `${at}/$concat/1/$toString`,
    ]);
    expect(pipelineFaults([around('$$USER_ROLES.role')])).toEqual([at]);
  });

  test.each([
    [{ $group: { _id: null, n: { $accumulator: {} } } }, '0/$group/n/$accumulator'],
    [{ $group: { _id: null, n: 1 } }, '0/$group/n'],
    [{ $match: { $where: 1 } }, '0/$match/$where'],
    [{ $geoNear: { near: [1, 2], distanceField: 'd', query: { $where: 1 } } }, '0/$geoNear/query/$where'],
    [{ $vectorSearch: { filter: { $where: 1 } } }, '0/$vectorSearch/filter/$where'],
    [{ $sort: { a: 2 } }, '0/$sort/a'],
    [{ $sort: { a: { $foo: 1 } } }, '0/$sort/a/$foo'],
    [{ $sort: { $natural: 1 } }, '0/$sort/$natural'],
    [{ $sort: {} }, '0/$sort'],
    [{ $limit: 0 }, '0/$limit'],
    [{ $skip: -1 }, '0/$skip'],
    [{ $limit: '5' }, '0/$limit'],
    [{ $match: {}, $out: 'x' }, '0'],
    [{}, '0'],
    ['$match', '0'],
    [{ $project: { a: { $add: [1], $sum: [1] } } }, '0/$project/a/$sum'],
    [{ $project: { a: { $getField: '$$USER_ROLES' } } }, '0/$project/a/$getField'],
  ])('may not hold %j', (stage, at) => {
    expect(pipelineFaults([stage])).toEqual([at]);
  });

  test.each([
    { $unwind: { path: '$a', preserveNullAndEmptyArrays: true } },
    { $unset: ['a', 'b'] },
    { $sample: { size: 3 } },
    { $sort: { a: 1, score: { $meta: 'textScore' } } },
    { $densify: { field: 'at', range: { step: 1, unit: 'hour', bounds: 'full' } } },
    { $search: { text: { query: 'x', path: 'y' } } },
    { $redact: { $cond: [{ $eq: ['$a', 1] }, '$$PRUNE', '$$KEEP'] } },
    { $count: 'n' },
    {
      $project: {
        a: { $sortArray: { input: '$b', sortBy: -1 } },
        b: { $regexMatch: { input: '$c', regex: '^x', options: 'i' } },
      },
    },
    { $project: { at: { $dateToString: { date: '$$NOW', format: '%Y' } }, of: { $literal: '$5' } } },
  ])('may hold %j', (stage) => {
    expect(pipelineFaults([stage])).toEqual([]);
  });

  test('may be narrowed to fewer stages, everywhere', () => {
    const narrow = source({ stages: ['$match', '$facet'] });
    expect(pipelineFaults([{ $facet: { a: [{ $match: {} }] } }], narrow)).toEqual([]);
    expect(pipelineFaults([{ $facet: { a: [{ $limit: 1 }] } }, { $sort: { a: 1 } }], narrow)).toEqual([
      '0/$facet/a/0/$limit',
      '1/$sort',
    ]);
  });
});
