import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Service, startService } from '../service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const get = (params: object): object => ({ source: 'catalog', op: 'get', params });
const mongo = (op: string, params: object): object => ({
  source: 'shop',
  op,
  params: { collection: 'orders', ...params },
});
const find = (a: unknown): object => mongo('find', { filter: { a } });
const stage = (one: object): object => mongo('aggregate', { pipeline: [one] });

/** Each place where a reference may stand, and what is said of something else there. */
const PLACES: [string, (given: unknown) => object, string][] = [
  [
    'a segment',
    (it) => get({ path: ['a', it] }),
    'a string that is not empty or a number, or a reference, is allowed here',
  ],
  [
    'a value of query',
    (it) => get({ query: { a: it } }),
    'a string, number, boolean, or a list of these, or a reference, is allowed here',
  ],
  [
    'a list of query',
    (it) => get({ query: { a: ['x', it] } }),
    'a string, number, boolean, or a list of these, or a reference, is allowed here',
  ],
  [
    'a header',
    (it) => get({ headers: { accept: it } }),
    'one line of Latin-1 text without white space at its ends, or a reference, is allowed here',
  ],
  [
    'a key',
    (key) => ({ source: 'photos', op: 'getObject', params: { key } }),
    'a string that is not empty, or a reference, is allowed here',
  ],
  [
    'limit',
    (limit) => mongo('find', { limit }),
    'a whole number from 1 to 2147483647, or a reference, is allowed here',
  ],
  ['skip', (skip) => mongo('find', { skip }), 'a whole number from 0 to 2147483647, or a reference, is allowed here'],
  ['$in', (it) => find({ $in: it }), 'a list, or a reference, is allowed here'],
  ['$all', (it) => find({ $all: it }), 'a list, or a reference, is allowed here'],
  ['$size', (it) => find({ $size: it }), 'a whole number, 0 or more, or a reference, is allowed here'],
  ['$limit', (it) => stage({ $limit: it }), 'a whole number, 1 or more, or a reference, is allowed here'],
  ['$skip', (it) => stage({ $skip: it }), 'a whole number, 0 or more, or a reference, is allowed here'],
  [
    '$search',
    (it) => mongo('find', { filter: { $text: { $search: it } } }),
    'a string without lone surrogates, or a reference, is allowed here',
  ],
  [
    'coordinates',
    (coordinates) => find({ $geoWithin: { $geometry: { type: 'Polygon', coordinates } } }),
    'a list of numbers, or of such lists, or a reference, is allowed here',
  ],
  ['a field', (it) => find(it), 'this operator is not allowed, but a reference is; allowed here: $oid, '],
  ['$eq', (it) => find({ $eq: it }), 'no operator may stand here, but a reference may; allowed here: $oid, '],
  [
    'a literal',
    (it) => stage({ $set: { a: it } }),
    'this operator is not allowed, but a reference is; allowed here: $abs, ',
  ],
];

describe('where a reference may stand', () => {
  const explained = async (one: object): Promise<Body> =>
    (await service.post('/kv?explain', { queries: { a: find(1), b: one } })).json();

  it.each(PLACES)('a fault does not deny it: %s', async (_place, queryWith, detail) => {
    expect((await explained(queryWith({ $result: '/a' }))).errors).toBeUndefined();
    const { errors } = await explained(queryWith({ $results: '/a' }));
    expect(errors.map((fault: Body) => fault.detail)).toEqual([expect.stringContaining(detail)]);
  });

  it.each([
    [
      'a path',
      get({ path: { $results: '/a' } }),
      'a string without references, or a list of segments, references among them, is',
    ],
    [
      'a missing key',
      { source: 'photos', op: 'getObject', params: {} },
      'key is missing; a string that is not empty, or a ref',
    ],
    [
      'what is no text',
      get({ path: ['a', ''] }),
      'a string that is not empty or a number, or a reference, is allowed here',
    ],
    ['a text made of parts', find({ $in: { $join: ['a'] } }), 'a list is allowed here'],
  ])('and one beside it says where: %s', async (_what, query, detail) => {
    const { errors } = await explained(query);
    expect(errors.map((fault: Body) => fault.detail)).toEqual([expect.stringContaining(detail)]);
  });

  it.each([
    [
      'a value of query',
      get({ query: { a: { $result: '/list' } } }),
      'number, boolean, id, date, or a list of these is',
    ],
    ['a header', get({ headers: { accept: { $result: '/list' } } }), 'text without white space at its ends is'],
    ['$size', find({ $size: { $result: '/list' } }), 'a whole number, 0 or more is'],
    ['limit', mongo('find', { limit: { $result: '/list' } }), 'a whole number from 1 to 2147483647 is'],
  ])('what was filled in is not told to be one: %s', async (_place, query, detail) => {
    const list = { ...mongo('find', { limit: 1 }), hidden: true };
    const { results } = (await service.post('/kv', { queries: { list, b: query } })).json();
    expect(results.b.error).toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(`${detail} allowed here`),
    });
  });
});
