import { describe, expect, test } from 'vitest';
import { options } from '../../../adapters/mongo/options.ts';
import { mongo } from '../../../adapters/mongo.ts';
import { checked, hole, source } from './checked.ts';

const at = (op: string, params: Record<string, unknown>) => checked(op, params).faults.map((fault) => fault.at);

describe('params', () => {
  test.each([
    [
      'findOne',
      { filter: {}, projection: { a: 1 }, sort: { a: 1 }, skip: 1, collation: { locale: 'en' }, hint: 'a_1' },
    ],
    ['find', { limit: 5, batchSize: 2, hint: { a: 1, b: '2dsphere' } }],
    ['aggregate', { pipeline: [{ $match: {} }], batchSize: 2, ejson: 'canonical' }],
    ['countDocuments', { filter: {}, skip: 0, limit: 3 }],
    ['find', { hint: '$**_1' }],
    ['find', { hint: '$**' }],
    ['aggregate', { pipeline: [], hint: { '$**': 1 } }],
    ['countDocuments', { hint: { a: 1, '$**': -1 } }],
    ['find', { hint: { 'a.$**': { $numberInt: '1' } } }],
    ['findOne', { hint: { $natural: 1 } }],
    ['find', { hint: { $natural: -1 }, sort: { $natural: -1 } }],
    ['aggregate', { pipeline: [], hint: { $natural: { $numberInt: '-1' } } }],
    ['countDocuments', { hint: { $natural: 1 } }],
    ['findOne', { sort: { $natural: { $numberInt: '1' } } }],
    ['distinct', { key: 'a.b', filter: { a: 1 }, collation: { locale: 'en', strength: 2 } }],
  ])('of %s may be %j', (op, params) => {
    expect(at(op, { collection: 'users', ...params })).toEqual([]);
  });

  test.each([
    ['find', { collection: 'secrets' }, 'collection'],
    ['find', {}, 'collection'],
    ['find', { collection: 'users', ejson: 'plain' }, 'ejson'],
    ['find', { collection: 'users', limit: 0 }, 'limit'],
    ['find', { collection: 'users', skip: -1 }, 'skip'],
    ['find', { collection: 'users', limit: '5' }, 'limit'],
    ['find', { collection: 'users', hint: { $natural: 2 } }, 'hint/$natural'],
    ['find', { collection: 'users', hint: { $natural: '2d' } }, 'hint/$natural'],
    ['find', { collection: 'users', hint: { $natural: hole } }, 'hint/$natural'],
    ['find', { collection: 'users', hint: { a: 1, $natural: 1 } }, 'hint/$natural'],
    ['find', { collection: 'users', hint: { $naturally: 1 } }, 'hint/$naturally'],
    ['find', { collection: 'users', sort: { $natural: 0 } }, 'sort/$natural'],
    ['find', { collection: 'users', sort: { $natural: { $meta: 'textScore' } } }, 'sort/$natural'],
    ['find', { collection: 'users', sort: { $natural: 1, a: 1 } }, 'sort/$natural'],
    ['find', { collection: 'users', hint: '$natural' }, 'hint'],
    ['find', { collection: 'users', hint: '' }, 'hint'],
    ['find', { collection: 'users', hint: '$*_1' }, 'hint'],
    ['find', { collection: 'users', hint: { '$**_1': 1 } }, 'hint/$**_1'],
    ['find', { collection: 'users', hint: { '$**': { $function: 1 } } }, 'hint/$**'],
    ['find', { collection: 'users', hint: { '$**': hole } }, 'hint/$**'],
    ['find', { collection: 'users', sort: { '$**': 1 } }, 'sort/$**'],
    ['find', { collection: 'users', sort: { a: '1' } }, 'sort/a'],
    ['find', { collection: 'users', sort: { a: { $function: 1 } } }, 'sort/a/$function'],
    ['find', { collection: 'users', projection: { a: { $function: {} } } }, 'projection/a/$function'],
    ['find', { collection: 'users', projection: { a: { b: { $function: {} } } } }, 'projection/a/b/$function'],
    [
      'find',
      { collection: 'users', projection: { a: { $elemMatch: { $where: '1' } } } },
      'projection/a/$elemMatch/$where',
    ],
    ['find', { collection: 'users', projection: { a: '$$USER_ROLES' } }, 'projection/a'],
    ['find', { collection: 'users', projection: { $where: 1 } }, 'projection/$where'],
    ['find', { collection: 'users', projection: [] }, 'projection'],
    ['find', { collection: 'users', collation: { locale: 'en', strength: 9 } }, 'collation/strength'],
    ['aggregate', { collection: 'users', pipeline: {} }, 'pipeline'],
    ['distinct', { collection: 'users', key: '$where' }, 'key'],
  ])('of %s may not be %j', (op, params, fault) => {
    expect(at(op, params)).toEqual([fault]);
  });

  test.each(['findOne', 'find', 'aggregate', 'countDocuments', 'distinct'])('of %s hold no unknown field', (op) => {
    const params = { collection: 'users', key: 'a', pipeline: [], allowDiskUse: true };
    const issue = mongo.ops[op]?.params
      .safeParse(params)
      .error?.issues.find(({ code }) => code === 'unrecognized_keys');
    expect(issue).toMatchObject({ keys: expect.arrayContaining(['allowDiskUse']) as unknown });
  });

  test.each([
    { a: 1, b: 0, _id: false },
    { 'a.$': 1, b: { $slice: [1, 2] }, c: { $elemMatch: { d: { $gt: 1 } } }, e: { $meta: 'textScore' } },
    { a: { b: 1 }, c: '$d', e: { $concat: ['$f', 'x'] }, g: { $slice: ['$h', 2] } },
  ])('may have the projection %j', (projection) => {
    expect(at('find', { collection: 'users', projection })).toEqual([]);
  });

  test('may ask for the order in which the store has its documents', () => {
    const natural = { $natural: -1 };
    const found = checked('find', { collection: 'users', sort: natural, hint: { $natural: { $numberInt: '-1' } } });
    expect(found.query?.command).toMatchObject({ sort: natural, hint: natural });
    const counted = checked('countDocuments', { collection: 'users', hint: natural });
    expect(counted.query?.command).toMatchObject({ hint: natural });
  });

  test('never ask the store to use its disk', () => {
    expect(checked('find', { collection: 'users' }).query?.command).toMatchObject({ allowDiskUse: false });
    expect(checked('aggregate', { collection: 'users', pipeline: [] }).query?.command).toMatchObject({
      allowDiskUse: false,
    });
  });

  test('are named in a fault, but never repeated', () => {
    const secret = 'xyzzy';
    const filter = { [`$${secret}`]: secret, a: { [`$${secret}`]: secret }, b: { $oid: secret }, c: { $size: secret } };
    const { faults } = checked('find', { collection: 'users', filter, sort: { a: secret } });
    expect(faults).toHaveLength(5);
    for (const { detail } of faults) expect(detail).not.toContain(secret);
  });
});

describe('options', () => {
  const own = { url: 'mongodb://127.0.0.1:27017', database: 'shop', collections: ['users'] };

  test('cap documents at 10,000 by default', () => {
    expect(options.parse(own)).toEqual({ ...own, merge: true, maxDocuments: 10_000 });
  });

  test.each([
    [{ ...own, url: 'http://127.0.0.1' }, 'url'],
    [{ ...own, collections: [] }, 'collections'],
    [{ ...own, collections: ['$cmd'] }, 'collections/0'],
    [{ ...own, operators: ['$eq', '$where'] }, 'operators/1'],
    [{ ...own, stages: ['$out'] }, 'stages/0'],
    [{ ...own, maxDocuments: 0 }, 'maxDocuments'],
    [{ ...own, unique: { users: [] } }, 'unique/users'],
    [{ ...own, unique: { strangers: ['email'] } }, 'unique/strangers'],
    [{ ...own, more: 1 }, ''],
    [{ url: own.url, database: 'shop' }, 'collections'],
  ])('%j are at fault', (value, path) => {
    expect(options.safeParse(value).error?.issues.map((issue) => issue.path.join('/'))).toEqual([path]);
  });
});

test('a reference does not keep the rest of a query from being checked', () => {
  const params = { collection: 'users', filter: { a: hole, $where: '1' }, limit: hole };
  expect(checked('find', params, source()).faults.map((fault) => fault.at)).toEqual(['filter/$where']);
});
