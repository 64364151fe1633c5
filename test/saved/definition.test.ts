import { describe, expect, it } from 'vitest';
import { faultsOf } from './saved-batches.ts';

const users = (filter: object, more: object = {}) => ({
  source: 'shop',
  op: 'find',
  params: { collection: 'users', filter, ...more },
});
const P = { $param: '/id' };

/** The faults of one batch with a text `id` and a list `ids`, by their pointers. */
async function faultsIn(queries: unknown, more: object = {}): Promise<Record<string, string>> {
  const params = { id: { type: 'string' }, ids: { type: ['string'], required: false } };
  const faults = await faultsOf({ b: { pattern: 'kv', params, queries, ...more } });
  return Object.fromEntries(faults.map(({ path, detail }) => [path.replace('configuration: batches.b', ''), detail]));
}

describe('a parameter may be read', () => {
  it.each(
    Object.entries({
      'as what a field is compared with': users({ name: P }),
      'under an operator': users({ name: { $in: { $param: '/ids' } }, age: { $gt: P } }),
      'inside Extended JSON': users({ _id: { $oid: P } }),
      'as a number of documents': users({}, { limit: P, skip: P }),
      'in an aggregation': {
        source: 'shop',
        op: 'aggregate',
        params: { collection: 'users', pipeline: [{ $match: { name: P } }, { $limit: P }] },
      },
      'as part of a key': { source: 'photos', op: 'getObject', params: { key: { $join: ['covers/', P, '.svg'] } } },
      'as a segment of a path': { source: 'catalog', op: 'get', params: { path: ['products', P] } },
      'in a query, a header and a body': {
        source: 'catalog',
        op: 'post',
        params: { path: '/search', query: { q: P }, headers: { 'accept-language': P }, body: { a: [P] } },
      },
      'as the list of a forEach, and as a name': { ...users({}), forEach: { $param: '/ids' }, as: P },
      'in the items of a forEach': { ...users({ name: { $item: '/a' } }), forEach: [{ a: P }] },
      'in a condition': { ...users({}), when: { equals: [P, 'x'] }, unless: { $param: '/ids' } },
      'in a select': { ...users({}), select: { id: P, one: { $param: '/ids/0' } } },
      'in a group, at any depth': { pattern: 'ordered', when: P, select: { id: P }, queries: [users({ name: P })] },
    }),
  )('%s', async (_, query) => {
    expect(await faultsIn({ q: query })).toEqual({});
  });
});

describe('a parameter may not be read', () => {
  it.each([
    ['as a source', { ...users({}), source: P }, '#/queries/q/source'],
    ['as an op', { ...users({}), op: P }, '#/queries/q/op'],
    ['as a collection', users({}, { collection: P }), '#/queries/q/params/collection'],
    ['as a whole filter', users(P), '#/queries/q/params/filter'],
    ['as a filter below $and', users({ $and: P }), '#/queries/q/params/filter/$and'],
    ['as a projection', users({}, { projection: P }), '#/queries/q/params/projection'],
    ['as a sort', users({}, { sort: P }), '#/queries/q/params/sort'],
    [
      'as a pipeline',
      { source: 'shop', op: 'aggregate', params: { collection: 'users', pipeline: P } },
      '#/queries/q/params/pipeline',
    ],
    [
      'as a key of distinct',
      { source: 'shop', op: 'distinct', params: { collection: 'users', key: P } },
      '#/queries/q/params/key',
    ],
    ['as a whole path', { source: 'catalog', op: 'get', params: { path: P } }, '#/queries/q/params/path'],
    ['as a prefix', { source: 'photos', op: 'listObjects', params: { prefix: P } }, '#/queries/q/params/prefix'],
    ['as a default', { ...users({}), default: P }, '#/queries/q/default'],
    ['as a timeoutMs', { ...users({}), timeoutMs: P }, '#/queries/q/timeoutMs'],
    ['as required', { ...users({}), required: P }, '#/queries/q/required'],
    ['as a concurrency', { ...users({}), forEach: [1], concurrency: P }, '#/queries/q/concurrency'],
    ['as a take', { pattern: 'first-reply', take: P, queries: [users({})] }, '#/queries/q/take'],
    ['in a condition that it does not change', { ...users({}), when: { equal: [P, 'x'] } }, '#/queries/q/when'],
    ['in one of two conditions', { ...users({}), unless: { equals: [P, 1], in: [1, [2]] } }, '#/queries/q/unless'],
    [
      'in a condition of a group',
      { pattern: 'ordered', when: [{ not: { $caller: '/role' } }], queries: [users({})] },
      '#/queries/q/when',
    ],
    ['where it is unknown', users({ name: { $param: '/nobody' } }), '#/queries/q/params/filter/name/$param'],
    ['without a name', users({ name: { $param: '' } }), '#/queries/q/params/filter/name/$param'],
    ['by its bare name', users({ name: { $param: 'id' } }), '#/queries/q/params/filter/name/$param'],
    ['beside another key', users({ name: { $param: '/id', x: 1 } }), '#/queries/q/params/filter/name/$param'],
  ])('%s', async (_, query, pointer) => {
    expect(Object.keys(await faultsIn({ q: query }))).toEqual([pointer]);
  });

  it('in place of all queries, of a pattern or of a name', async () => {
    expect(Object.keys(await faultsIn(P))).not.toEqual([]);
    expect(Object.keys(await faultsIn({}, { pattern: P }))).toContain('#/pattern');
    expect(Object.keys(await faultsIn({}, { filename: P }))).toEqual(['#/filename']);
  });
});

it.each([
  [{ type: 'text' }, '#/params/p/type', 'string, number, integer, boolean'],
  [{ type: [] }, '#/params/p/type', 'a list of one'],
  [{ type: ['string', 'number'] }, '#/params/p/type', 'a list of one'],
  [{}, '#/params/p/type', 'type is missing'],
  [{ type: 'string', format: 'date' }, '#/params/p/format', 'unknown field'],
  [{ type: 'string', pattern: '(a)\\1' }, '#/params/p/pattern', 'RE2'],
  [{ type: 'string', pattern: 'a(?=b)' }, '#/params/p/pattern', 'RE2'],
  [{ type: 'string', pattern: '(' }, '#/params/p/pattern', 'RE2'],
  [{ type: 'number', pattern: 'a' }, '#/params/p/pattern', 'stands with the type string alone'],
  [{ type: 'string', minimum: 1 }, '#/params/p/minimum', 'stands with the type number or integer alone'],
  [{ type: 'boolean', maxLength: 1 }, '#/params/p/maxLength', 'stands with the type string alone'],
  [{ type: 'string', maxItems: 1 }, '#/params/p/maxItems', 'stands with a list alone'],
  [{ type: 'integer', minimum: 5, maximum: 4 }, '#/params/p/maximum', 'at least 5 is allowed here'],
  [{ type: 'integer', minimum: 1.5, maximum: 1.7 }, '#/params/p/maximum', 'at least 2 is allowed here'],
  [{ type: ['integer'], minimum: -1.7, maximum: -1.5 }, '#/params/p/maximum', 'at least -1 is allowed here'],
  [{ type: 'string', minLength: 2, maxLength: 1 }, '#/params/p/maxLength', 'at least 2 is allowed here'],
  [{ type: 'string', pattern: 'a', minLength: 9000 }, '#/params/p/maxLength', 'at least 9000 is allowed here'],
  [{ type: ['number'], minimum: 1, maximum: 0.5 }, '#/params/p/maximum', 'at least 1 is allowed here'],
  [{ type: ['string'], maxItems: -1 }, '#/params/p/maxItems', 'a whole number of at least 0'],
  [{ type: 'integer', enum: ['1'] }, '#/params/p/enum', 'a whole number'],
  [{ type: 'string', enum: [] }, '#/params/p/enum', 'not empty'],
  [{ type: 'integer', default: '1' }, '#/params/p/default', 'a whole number is allowed here'],
  [{ type: 'string', enum: ['a'], default: 'b' }, '#/params/p/default', 'among a'],
  [{ type: ['string'], default: 'a' }, '#/params/p/default', 'a list of strings is allowed here'],
  [{ type: 'string', required: 'no' }, '#/params/p/required', 'true or false'],
])('%j is a fault', async (spec, path, detail) => {
  const faults = await faultsOf({ b: { pattern: 'kv', params: { p: spec }, queries: {} } });
  expect(faults).toEqual([
    { path: `configuration: batches.b${path}`, detail: expect.stringContaining(detail) as string },
  ]);
});

it.each([
  { type: 'number', minimum: 1.5, maximum: 1.7 },
  { type: 'integer', minimum: 1.5, maximum: 2 },
  { type: 'integer', minimum: -0.5, maximum: 0.5 },
])('%j is none, for something fits', async (spec) => {
  expect(await faultsOf({ b: { pattern: 'kv', params: { p: spec }, queries: {} } })).toEqual([]);
});

const NAMED = expect.stringContaining('a name of 1 to 64 letters') as string;
const OBJECT = 'an object is allowed here';
it.each<[string, object, Record<string, unknown>]>([
  ['of its parameters', { params: { 1: { type: 'string' }, k: 5 } }, { '#/params/1': NAMED, '#/params/k': OBJECT }],
  [
    'of a parameter',
    { params: { k: { 1: 5, type: 'text' } } },
    {
      '#/params/k/1': expect.stringContaining('unknown field') as string,
      '#/params/k/type': expect.stringContaining('allowed here: string') as string,
    },
  ],
  [
    'of a query',
    { queries: { a: { 1: 5, source: 'catalog', op: 'get', timeoutMs: 'x' } } },
    {
      '#/queries/a/1': expect.stringContaining('unknown field') as string,
      '#/queries/a/timeoutMs': 'a whole number of at least 1 is allowed here',
    },
  ],
  [
    'of its own',
    { 1: 5, tool: 'no' },
    { '#/1': expect.stringContaining('unknown field') as string, '#/tool': 'true or false is allowed here' },
  ],
])('a key of digits among those %s leaves the other faults as they are', async (_, more, expected) => {
  expect(await faultsIn({}, more)).toEqual(expected);
});

it.each(['explain', '__proto__', '0', 'a b', 'a.b', '', 'x'.repeat(65)])('no parameter is named %j', async (name) => {
  const params = Object.fromEntries([[name, { type: 'string' }]]);
  const [fault] = await faultsOf({ b: { pattern: 'kv', params, queries: {} } });
  expect(fault).toMatchObject({ detail: expect.stringContaining('a name of 1 to 64 letters') as string });
});

it('every fault of every batch is told, with its pointer', async () => {
  const faults = await faultsOf({
    one: {
      pattern: 'kv',
      shape: 'values',
      trace: true,
      maxAgeSeconds: -1,
      queries: { a: { source: 'nowhere', op: 'x' }, b: users({ $where: '1' }) },
    },
    two: { queries: {} },
    three: { pattern: 'ordered', queries: {}, take: 1, tool: 'yes', description: '' },
    four: { pattern: 'kv', queries: { a: users({ name: { $result: '/b' } }), b: users({ name: { $result: '/a' } }) } },
    right: { pattern: 'first-reply', take: 1, queries: [users({})] },
  });
  expect(faults.map(({ path }) => path.replace('configuration: batches.', '')).toSorted()).toEqual([
    'four#/queries/b/params/filter/name',
    'one#/maxAgeSeconds',
    'one#/queries/a/source',
    'one#/queries/b/params/filter/$where',
    'one#/shape',
    'one#/trace',
    'three#/description',
    'three#/queries',
    'three#/take',
    'three#/tool',
    'two#/pattern',
  ]);
});
