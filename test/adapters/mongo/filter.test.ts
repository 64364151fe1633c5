import { describe, expect, test } from 'vitest';
import { filterFaults, sentFilter, source } from './checked.ts';

describe('a filter', () => {
  test.each([
    {},
    { name: 'Ada', 'address.city': 'Paris', __proto__x: 1 },
    { age: { $gte: 18, $lt: 65 }, tags: { $all: ['a', 'b'], $size: 2 } },
    { $and: [{ a: 1 }, { $or: [{ b: { $in: [1, 2] } }, { $nor: [{ c: null }] }] }] },
    { name: { $regex: '^a', $options: 'imsux' } },
    { name: { $regex: '^a', $options: '' } },
    { name: { $not: { $regex: 'x' } }, other: { $not: { $regularExpression: { pattern: 'x', options: '' } } } },
    { items: { $elemMatch: { sku: 'a', qty: { $gt: 1 } } }, scores: { $elemMatch: { $gte: 80 } } },
    { tags: { $all: [{ $elemMatch: { a: 1 } }] } },
    { $expr: { $gt: ['$spent', '$budget'] } },
    { $jsonSchema: { required: ['name'], properties: { name: { bsonType: 'string' } } } },
    { $text: { $search: 'coffee', $language: 'en' } },
    { at: { $geoWithin: { $centerSphere: [[1, 2], 0.1] } } },
    { at: { $near: { $geometry: { type: 'Point', coordinates: [1, 2] }, $maxDistance: 10 } } },
    {
      at: {
        $geoIntersects: {
          $geometry: { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2] }] },
        },
      },
    },
    { flags: { $bitsAllSet: [1, 5] }, kind: { $type: ['string', 2] }, n: { $mod: [4, 0] }, x: { $exists: true } },
    { exact: { nested: [{ document: true }] } },
  ])('may say %j', (filter) => {
    expect(filterFaults(filter)).toEqual([]);
    expect(sentFilter(filter)).toBeDefined();
  });

  test.each([
    [{ $where: 'true' }, '$where'],
    [{ a: { $where: 'true' } }, 'a/$where'],
    [{ $or: [{ a: 1 }, { $and: [{ $where: '1' }] }] }, '$or/1/$and/0/$where'],
    [{ a: { $elemMatch: { $where: '1' } } }, 'a/$elemMatch/$where'],
    [{ a: { $elemMatch: { b: { $elemMatch: { $where: '1' } } } } }, 'a/$elemMatch/b/$elemMatch/$where'],
    [{ a: { $not: { $where: '1' } } }, 'a/$not/$where'],
    [{ a: { $all: [{ $elemMatch: { $where: 1 } }] } }, 'a/$all/0/$elemMatch/$where'],
    [{ $expr: { $function: { body: 'f', args: [], lang: 'js' } } }, '$expr/$function'],
    [{ $expr: { $and: [{ $eq: [{ $function: {} }, 1] }] } }, '$expr/$and/0/$eq/0/$function'],
    [{ $expr: '$$USER_ROLES' }, '$expr'],
    [{ a: { $eq: { $gt: 1 } } }, 'a/$eq/$gt'],
    [{ a: { $in: [{ $where: 1 }] } }, 'a/$in/0/$where'],
    [{ a: { b: { $gt: 1 } } }, 'a/b/$gt'],
    [{ a: { $gt: 1, b: 2 } }, 'a/b'],
    [{ a: { b: 2, $gt: 1 } }, 'a/b'],
    [{ $jsonSchema: { $where: 1 } }, '$jsonSchema/$where'],
    [{ $text: { $search: 'a', $where: 1 } }, '$text/$where'],
    [{ $unknown: 1 }, '$unknown'],
    [{ $and: { a: 1 } }, '$and'],
    [{ $and: [] }, '$and'],
    [{ a: { $in: 'b' } }, 'a/$in'],
    [{ a: { $not: {} } }, 'a/$not'],
    [{ a: { $size: -1 } }, 'a/$size'],
    [{ a: { $size: 1.5 } }, 'a/$size'],
    [
      { a: { $geoWithin: { $geometry: { type: 'Point', coordinates: ['$a'] } } } },
      'a/$geoWithin/$geometry/coordinates/0',
    ],
    [{ a: { $near: { $geometry: { type: 'Point', coordinates: [1, 2], extra: 1 } } } }, 'a/$near/$geometry/extra'],
    [{ a: { $code: 'f' } }, 'a/$code'],
    [{ a: { $ref: 'users', $id: 1 } }, 'a/$ref'],
    [{ a: { $regex: { $where: 1 } } }, 'a/$regex/$where'],
    [{ a: { $regex: 'a', $options: 'g' } }, 'a/$options'],
    [{ a: { $regex: 'a', $options: 1 } }, 'a/$options'],
    [{ a: { $regularExpression: { pattern: 'a', options: 'g' } } }, 'a/$regularExpression'],
    [{ _bsontype: 'Code' }, '_bsontype'],
    [{ a: { _bsontype: 'Code' } }, 'a/_bsontype'],
    ['name', ''],
    [[], ''],
    [null, ''],
  ])('may not say %j', (filter, at) => {
    expect(filterFaults(filter)).toContain(at);
  });

  test('keeps a key __proto__', () => {
    const filter = sentFilter(JSON.parse('{"__proto__": {"__proto__": 1}}')) as object;
    expect(JSON.stringify(filter)).toBe('{"__proto__":{"__proto__":1}}');
  });

  test('may be narrowed to fewer operators, everywhere', () => {
    const narrow = source({ operators: ['$eq', '$in', '$and', '$expr'] });
    expect(filterFaults({ $and: [{ a: { $in: [1] } }, { $expr: { $eq: ['$a', 1] } }] }, narrow)).toEqual([]);
    expect(filterFaults({ $or: [{ a: 1 }] }, narrow)).toEqual(['$or']);
    expect(filterFaults({ a: { $gt: 1 } }, narrow)).toEqual(['a/$gt']);
    expect(filterFaults({ $expr: { $gt: ['$a', 1] } }, narrow)).toEqual(['$expr/$gt']);
  });
});

test.each([
  ['a/$regex', ($regex: string) => ({ a: { $regex } })],
  ['a/$not/$regex', ($regex: string) => ({ a: { $not: { $regex } } })],
  ['a/$regularExpression', (pattern: string) => ({ a: { $regularExpression: { pattern, options: '' } } })],
])('a pattern that is written out has at most 32,764 characters: %s', (at, filter) => {
  expect(filterFaults(filter('a'.repeat(32_764)))).toEqual([]);
  expect(filterFaults(filter('a'.repeat(32_765)))).toEqual([at]);
});
