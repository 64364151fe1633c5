import { setTimeout } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modifiers as known } from '../../src/batch/modifiers/index.ts';
import { buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';
import type { Body } from '../service.ts';

/** None of these may be told. */
const SEEDED = ['seeded-1', 'seeded-2', 'seeded-3', 'SEEDED4', 'seeded-5', 'seeded-6', 'secret-host', 'seeded-bucket'];
const sources = {
  shop: {
    adapter: 'mongo',
    url: 'mongodb://seeded-1:seeded-2@secret-host.invalid/?appName=x',
    database: 'shop',
    collections: ['users'],
    maxDocuments: 50,
    maxBytes: 2000,
    timeoutMs: 400,
    attemptTimeoutMs: 300,
    concurrency: 7,
    queue: 9,
  },
  api: {
    adapter: 'rest',
    url: 'http://secret-host.invalid/v1/',
    headers: { Authorization: 'Bearer seeded-3', accept: 'application/json' },
    forwardHeaders: ['cookie', 'x-user'],
    methods: ['get', 'head', 'post'],
  },
  listed: {
    adapter: 'rest',
    url: 'http://secret-host.invalid/v1/',
    forwardHeaders: ['if-none-match', 'range', 'accept-language'],
    merge: [{ path: '/users/{id}', into: '/users', query: 'ids', key: '/id' }],
  },
  files: {
    adapter: 's3',
    bucket: 'seeded-bucket',
    prefix: 'public/',
    endpoint: 'http://secret-host.invalid',
    accessKeyId: 'SEEDED4',
    secretAccessKey: 'seeded-5',
  },
};

let app: FastifyInstance;
let opened: Sources;
let schema: Ajv2020;

beforeAll(async () => {
  const config = parseConfig({ sources, limits: { calls: 100, work: 200_000 } });
  opened = await openSources(config);
  // No store is there: whoever asked one would wait in vain.
  app = await buildApp(config, opened);
  schema = new Ajv2020({ strict: false, formats: { uri: true } });
  schema.addSchema((await app.inject('/openapi.json')).json(), 'document');
});
afterAll(async () => {
  await app.close();
  await opened[Symbol.asyncDispose]();
});

/** On a busy machine nothing may be let in for a moment: then once more. */
async function send(url: string, payload: object | string, headers: Record<string, string> = {}) {
  for (;;) {
    const json = { 'content-type': 'application/json', ...headers };
    const answer = await app.inject({ method: 'POST', url, payload, headers: json });
    if (answer.statusCode !== 503) return answer;
    await setTimeout(20);
  }
}

/** What is explained, and told to be so by `/openapi.json`. */
async function explain(queries: object, { path = '/kv', headers = {}, ...more }: Body = {}): Promise<Body> {
  const answer = await send(`${path}?explain`, { queries, ...more }, headers);
  expect(answer.statusCode, answer.body).toBe(200);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  for (const name of ['codap-complete', 'server-timing']) expect(answer.headers).not.toHaveProperty(name);
  for (const secret of SEEDED) expect(answer.body).not.toContain(secret);
  const validate = schema.getSchema('document#/components/schemas/Explanation')!;
  expect(validate(answer.json()), JSON.stringify(validate.errors)).toBe(true);
  return answer.json();
}

const get = (path: unknown, more: object = {}) => ({ source: 'api', op: 'get', params: { path }, ...more });
const find = (params: object, more: object = {}) => ({
  source: 'shop',
  op: 'find',
  params: { collection: 'users', ...params },
  ...more,
});
const ref = (pointer: string) => ({ $result: pointer });

describe('the request', () => {
  const requestOf = async (query: object, headers = {}): Promise<Body> =>
    (await explain({ q: query, other: get('/') }, { headers })).queries.q.request;
  const headers = { 'user-agent': expect.any(String) as string, 'accept-encoding': 'gzip, deflate, br, zstd' };
  const configured = { authorization: '[configured]', accept: '[configured]' };

  it.each<[string, object, object]>([
    [
      'of mongo is the command, what is filled in where it will stand',
      find({
        filter: { _id: { $oid: ref('/other/id') }, at: { $gt: { $date: '2026-01-01T00:00:00Z' } }, n: ref('/other/n') },
        sort: { at: -1, 2: 1 },
        limit: 5,
      }),
      {
        command: {
          find: 'users',
          filter: {
            _id: { $oid: ref('/other/id') },
            at: { $gt: { $date: '2026-01-01T00:00:00Z' } },
            n: { $eq: ref('/other/n') },
          },
          sort: { at: -1, 2: 1 },
          allowDiskUse: false,
          limit: 5,
          batchSize: 6,
        },
      },
    ],
    [
      'of mongo holds its patterns, long numbers and own words as they are',
      find({
        filter: { a: { $regularExpression: { pattern: '^x', options: 'i' } }, b: { $numberLong: '9007199254740993' } },
        projection: { score: { $meta: 'textScore' } },
        limit: ref('/other/n'),
      }),
      {
        command: {
          find: 'users',
          filter: { a: { $regularExpression: { pattern: '^x', options: 'i' } }, b: 9007199254740993n.toString() },
          projection: { score: { $meta: 'textScore' } },
          allowDiskUse: false,
          limit: ref('/other/n'),
          batchSize: ref('/other/n'),
        },
      },
    ],
    [
      'of mongo is not limited to more than one beyond the cap',
      { source: 'shop', op: 'aggregate', params: { collection: 'users', pipeline: [{ $set: { x: ref('/other') } }] } },
      {
        command: {
          aggregate: 'users',
          pipeline: [{ $set: { x: { $literal: ref('/other') } } }, { $limit: 51 }],
          cursor: { batchSize: 52 },
          allowDiskUse: false,
        },
      },
    ],
    [
      'of rest has method, path with query, and headers',
      get(['users', { $join: ['u', ref('/other/id')] }], {
        params: {
          path: ['users', { $join: ['u', ref('/other/id')] }],
          query: { 'a b': 1, ids: ref('/other/ids') },
          headers: { 'if-none-match': { $meta: '/other/etag' } },
        },
      }),
      {
        method: 'GET',
        path: { $join: ['/v1/users/', { $join: ['u', ref('/other/id')] }, '?a%20b=1&ids=', ref('/other/ids')] },
        headers: { ...configured, ...headers, 'if-none-match': { $meta: '/other/etag' } },
      },
    ],
    [
      'of rest has the body, what only looks like a reference marked',
      { source: 'api', op: 'post', params: { body: { a: ref('/other'), b: { $verbatim: { $item: 1, x: 2 } } } } },
      {
        method: 'POST',
        path: '/v1/',
        headers: { ...configured, ...headers, 'content-type': 'application/json' },
        body: { a: ref('/other'), b: { $verbatim: { $item: 1, x: 2 } } },
      },
    ],
    [
      'of rest has no type of a body that one reference stands for',
      { source: 'api', op: 'post', params: { body: ref('/other') } },
      { method: 'POST', path: '/v1/', headers: { ...configured, ...headers }, body: ref('/other') },
    ],
    [
      'of s3 has the key in its bucket, and the headers',
      {
        source: 'files',
        op: 'getObject',
        params: { key: ref('/other/key'), range: 'bytes=0-9', versionId: 'v', ifModifiedSince: '2026-01-01' },
      },
      {
        operation: 'GetObject',
        method: 'GET',
        key: { $join: ['public/', ref('/other/key')] },
        query: { versionId: 'v' },
        headers: { range: 'bytes=0-9', 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' },
      },
    ],
    [
      'of an object’s head is another operation',
      { source: 'files', op: 'headObject', params: { key: 'a', versionId: 'v' } },
      { operation: 'HeadObject', method: 'HEAD', key: 'public/a', query: { versionId: 'v' } },
    ],
    [
      'of a listing has the query of its first page',
      { source: 'files', op: 'listObjects', params: { prefix: 'a/', limit: 1200, delimiter: '/', startAfter: 'a/b' } },
      {
        operation: 'ListObjectsV2',
        method: 'GET',
        query: {
          'list-type': '2',
          prefix: 'public/a/',
          delimiter: '/',
          'start-after': 'public/a/b',
          'max-keys': '1000',
          'encoding-type': 'url',
        },
      },
    ],
  ])('%s', async (_what, query, request) => {
    const told = await requestOf(query);
    // Digits beyond 2^53 are read as a number here.
    expect(JSON.parse(JSON.stringify(told).replace('9007199254740992', '"9007199254740993"'))).toEqual(request);
  });

  it('keeps the order of keys, and long digits', async () => {
    const filter = '{"b":1,"2":{"$numberLong":"9007199254740993"},"1":1}';
    const params = `{"collection":"users","filter":${filter},"sort":{"z":1,"10":1,"9":-1}}`;
    const { body } = await send('/kv?explain', `{"queries":{"q":{"source":"shop","op":"find","params":${params}}}}`);
    expect(body).toContain('"filter":{"b":1,"2":9007199254740993,"1":1}');
    expect(body).toContain('"sort":{"z":1,"10":1,"9":-1}');
  });

  it('tells what of the caller is handed on by name alone', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const told = { cookie: '[forwarded]', 'x-user': '[forwarded]', traceparent: '[forwarded]' };
    for (const [state, forwarded] of [
      [{}, told],
      [{ tracestate: 'seeded-6=a' }, { ...told, tracestate: '[forwarded]' }],
    ]) {
      const own = { cookie: 'seeded-6', 'x-user': 'seeded-6', traceparent, ...state };
      expect((await requestOf(get('/'), own)).headers).toEqual({ ...configured, ...headers, ...forwarded });
    }
  });

  it('says of a presigned address that no store is asked', async () => {
    const presigned = { source: 'files', op: 'presignGetObject', params: { key: 'a', filename: 'a.txt' } };
    const { queries, calls } = await explain({ a: presigned });
    expect(queries.a).toMatchObject({
      sent: false,
      request: {
        key: 'public/a',
        query: { 'response-content-disposition': 'attachment; filename=a.txt' },
        expiresInSeconds: 300,
      },
    });
    expect(calls).toEqual({ least: 0, most: 0 });
  });

  it('of a body that an archive takes is for its beginning', async () => {
    const queries = [{ source: 'files', op: 'getObject', params: { key: 'a' } }, get('/a')];
    const told = await explain(queries, { path: '/ordered', headers: { accept: 'application/zip' } });
    expect(told.queries).toMatchObject([
      { inParts: true, request: { headers: { range: 'bytes=0-65535' } }, bound: {} },
      { request: { headers: { 'accept-encoding': 'identity' } }, bound: {} },
    ]);
    expect(told.queries[1]).not.toHaveProperty('inParts');
  });
});

describe('what holds a query', () => {
  it('its time: its own, its source’s, that of the groups around it, and the batch’s', async () => {
    const queries = {
      plain: get('/'),
      own: get('/', { timeoutMs: 100 }),
      source: find({}, { timeoutMs: 5000 }),
      group: { pattern: 'kv', timeoutMs: 250, queries: { in: get('/'), own: get('/', { timeoutMs: 20 }) } },
    };
    const told = await explain(queries, { timeoutMs: 1500 });
    expect(told.timeoutMs).toBe(1500);
    const { plain, own, source, group } = told.queries;
    expect([plain, own, source, group, group.queries.in, group.queries.own].map((one) => one.timeoutMs)).toEqual([
      1500, 100, 400, 250, 250, 20,
    ]);
  });

  it('what it waits for: names, each once, of whatever refers to them', async () => {
    const { queries } = await explain({
      a: get('/'),
      b: get([ref('/a/x'), ref('/a/y'), { $join: ['x', ref('/a')] }], {
        when: ref('/c'),
        select: { x: { $meta: '/d/etag' } },
      }),
      c: get('/', { forEach: [1, ref('/d')] }),
      d: { pattern: 'kv', when: ref('/a'), queries: { e: get([ref('/a/x')]) } },
    });
    const after = [queries.a, queries.b, queries.c, queries.d, queries.d.queries.e].map((one) => one.after);
    expect(after).toEqual([[], ['c', 'a', 'd'], ['d'], ['a'], ['a']]);
  });

  it('its list: by its limit, its source’s caps, and the most that S3 lists', async () => {
    const list = (limit?: number) => ({ source: 'files', op: 'listObjects', params: limit ? { limit } : {} });
    const { queries } = await explain({
      find: find({}),
      few: find({ limit: 3 }),
      some: list(),
      most: list(10_000),
      one: get('/'),
      head: { source: 'api', op: 'head' },
    });
    const maxBytes = 8_388_608;
    expect(Object.values(queries).map((one) => (one as Body).bound)).toEqual([
      { maxDocuments: 50, maxBytes: 2000 },
      { limit: 3, maxDocuments: 50, maxBytes: 2000 },
      { limit: 1000, maxBytes },
      { limit: 10_000, maxBytes },
      { maxBytes },
      {},
    ]);
  });

  it('a list that flows: by its batches alone', async () => {
    const flowing = [find({}, { stream: true }), { source: 'files', op: 'listObjects', stream: true }];
    const { queries } = await explain(flowing, { path: '/ordered', headers: { accept: 'application/x-ndjson' } });
    expect(queries).toMatchObject([
      { stream: true, bound: { batchSize: 500 }, request: { command: { batchSize: 500 } } },
      { stream: true, bound: {} },
    ]);
    expect(queries[0].request.command).not.toHaveProperty('limit');
  });

  it('its layers, those that do something for it', async () => {
    const { layers } = (await explain({ a: find({}) })).queries.a;
    expect(layers).toMatchObject({ limit: { concurrency: 7, queue: 9 }, 'attempt timeout': { timeoutMs: 300 } });
    expect(layers).not.toHaveProperty('prime');
  });

  it.each<[string, boolean, object]>([
    ['is small', true, {}],
    ['is too large to be compared', false, { text: 'x'.repeat(70_000) }],
    ['refers to another', true, { other: ref('/small') }],
    ['refers to another, and is too large by itself', false, { other: ref('/small'), text: 'x'.repeat(70_000) }],
    ['is too large around what it refers to', false, { text: { $join: ['x'.repeat(70_000), ref('/small')] } }],
  ])('whether it would be shared: a query that %s', async (_which, isShared, body) => {
    const post = (of: object) => ({ source: 'api', op: 'post', params: { path: '/search', body: of } });
    const { queries } = await explain({ small: post({}), a: post(body) });
    const { coalesce, ...others } = queries.small.layers;
    expect(queries.a.layers).toEqual(isShared ? { coalesce, ...others } : others);
  });

  it.each<[string, boolean, Record<string, string>]>([
    ['that sends nothing', true, {}],
    ['that sends what others may send, too', true, { 'accept-language': 'de' }],
    ['with a condition of its own', false, { 'if-none-match': '"a"' }],
    ['that asks for a part', false, { range: 'bytes=0-1' }],
    ['with a condition that is not forwarded', true, { 'if-match': '"a"' }],
  ])('what would be merged for a caller %s: %s', async (_which, isMerged, headers) => {
    const listed = (path: unknown) => ({ source: 'listed', op: 'get', params: { path } });
    const { queries } = await explain({ a: listed('/users/7'), b: listed(['users', ref('/a')]) }, { headers });
    for (const { layers } of [queries.a, queries.b])
      expect(layers['merge']).toEqual(isMerged ? { together: 100 } : undefined);
  });

  it('a forEach: by what is written, or what is left of the calls', async () => {
    const { queries } = await explain({
      a: find({}),
      b: get(['x', { $item: '' }], { forEach: [1, ref('/a')], concurrency: 2 }),
      c: { pattern: 'kv', forEach: ref('/a'), queries: { x: get('/'), y: get('/') } },
    });
    expect(queries.b.forEach).toEqual({ over: [1, ref('/a')], concurrency: 2, bound: { items: 2 } });
    // Of 100 calls three are written; each item takes one for itself and two for its queries.
    expect(queries.c.forEach).toEqual({ over: ref('/a'), concurrency: 8, bound: { items: 32 } });
  });
});

it.each([
  ['ExplainedQuery', [], ['source', 'adapter', 'op', 'stream', 'request', 'sent', 'inParts', 'bound', 'layers']],
  ['ExplainedGroup', ['maxAgeMs'], ['pattern', 'take', 'hedgeMs', 'queries']],
])('has in /openapi.json every modifier that is told, and no other field: %s', (name, except, own) => {
  // `concurrency` is told with its list.
  const told = Object.keys(known).filter((modifier) => ![...except, 'concurrency'].includes(modifier));
  const { properties } = schema.getSchema(`document#/components/schemas/${name}`)!.schema as Body;
  expect(Object.keys(properties).toSorted()).toEqual(['after', ...told, ...own].toSorted());
});

it('has the request’s own shape: groups, lists, keys in their order, modifiers as written', async () => {
  const modifiers = {
    required: true,
    hidden: true,
    when: { in: [1, [ref('/b')]] },
    unless: false,
    maxAgeMs: 0,
    accept: 'found',
    select: { x: '/y', z: ref('/b') },
    default: null,
  };
  // The others are told elsewhere here.
  const others = ['as', 'forEach', 'concurrency', 'timeoutMs'];
  expect([...Object.keys(modifiers), ...others].toSorted()).toEqual(Object.keys(known).toSorted());
  const race = {
    pattern: 'first-reply',
    take: 1,
    hedgeMs: 5,
    queries: [get('/', { as: { $join: ['n', ref('/b')] } })],
  };
  const [b, ten, two] = [get('/'), race, get('/', modifiers)].map((one) => JSON.stringify(one));
  const { body } = await send('/kv?explain', `{"queries":{"b":${b},"10":${ten},"2":${two}}}`);
  const told = JSON.parse(body);
  expect([...body.matchAll(/"(b|10|2)":\{"(?:source|pattern)"/g)].map(([, key]) => key)).toEqual(['b', '10', '2']);
  expect(told.queries['2']).toMatchObject(modifiers);
  expect(told.queries['10']).toMatchObject({
    pattern: 'first-reply',
    take: 1,
    hedgeMs: 5,
    queries: [{ as: { $join: ['n', ref('/b')] } }],
  });
  expect(await explain([get('/')], { path: '/first-reply', take: 1, onError: 'fail' })).toMatchObject({
    pattern: 'first-reply',
    take: 1,
    onError: 'fail',
    queries: [{ source: 'api' }],
  });
});

describe('the calls', () => {
  const plain = get('/');
  const kv = (queries: object, more: object = {}) => ({ pattern: 'kv', queries, ...more });
  const race = (queries: readonly object[], more: object = {}) => ({ pattern: 'first-reply', queries, ...more });

  it.each<[string, object, number, number]>([
    ['of plain queries are as many as these', { a: plain, b: kv({ c: plain, d: plain }) }, 3, 3],
    ['of none are none', {}, 0, 0],
    ['under when and unless may not be', { a: get('/', { when: true }), b: kv({ c: plain }, { unless: 1 }) }, 0, 2],
    [
      'of what waits for these may not be either',
      { a: get('/', { when: 1 }), b: get([ref('/a')]), c: get([ref('/b')]) },
      0,
      3,
    ],
    [
      'of what reads a part of a group are as sure as that',
      { g: kv({ a: plain, b: get('/', { when: 1 }) }), h: get([ref('/g/a')]), i: get([ref('/g/b')]) },
      2,
      4,
    ],
    [
      'of what reads a group as a whole are sure',
      { g: kv({ b: get('/', { when: 1 }) }), h: get([], { select: ref('/g') }) },
      1,
      2,
    ],
    [
      'of a forEach are as many as its items',
      { a: get('/', { forEach: [1, 2, 3] }), b: kv({ c: plain, d: plain }, { forEach: [1, 2] }) },
      0,
      7,
    ],
    ['of a list that is referred to are all that is left', { a: plain, b: get('/', { forEach: ref('/a') }) }, 1, 100],
    [
      'of such a list of nothing that asks a store are none',
      {
        a: plain,
        b: kv({ c: { source: 'files', op: 'presignGetObject', params: { key: 'x' } } }, { forEach: ref('/a') }),
      },
      1,
      1,
    ],
    [
      'of a list within a list are bounded together',
      { a: plain, b: kv({ c: get('/', { forEach: { $item: '' } }) }, { forEach: [1, 2] }) },
      1,
      98,
    ],
    ['of a race are as many as it takes', { r: race([plain, plain, plain], { take: 2, hedgeMs: 5 }) }, 2, 3],
    [
      'of a race of groups are those of the least',
      { r: race([kv({ a: plain, b: plain }), plain, get('/', { when: 1 })], { take: 2 }) },
      1,
      4,
    ],
    ['of a race that takes all are all', { r: race([plain, plain]) }, 2, 2],
  ])('%s', async (_what, queries, least, most) => {
    expect((await explain(queries)).calls).toEqual({ least, most });
  });
});

describe('faults', () => {
  const bad = { queries: { a: { source: 'no', op: 'x' }, b: get('/', { extra: 1 }), c: get([ref('/c')]) } };

  it('are those of the batch itself', async () => {
    for (const [path, payload, headers] of [
      ['/kv', bad, {}],
      ['/ordered', bad, {}],
      ['/kv', { queries: {} }, { accept: 'image/png' }],
      ['/kv', { queries: { a: get('/'), b: get('/') } }, { accept: 'text/csv' }],
      ['/kv', '{', {}],
      ['/kv', { queries: {} }, { 'content-type': 'text/plain' }],
      ['/kv', { queries: { a: find({ filter: { x: { $in: Array.from({ length: 250_000 }, () => 1) } } }) } }, {}],
    ] as const) {
      const [ran, told] = [await send(path, payload, headers), await send(`${path}?explain`, payload, headers)];
      expect([told.statusCode, told.body]).toEqual([ran.statusCode, ran.body]);
      expect(told.statusCode).toBeGreaterThanOrEqual(400);
    }
  });

  it.each(['?explain=1', '?explain=false', '?explain&explain', '?explain&pretty', '?EXPLAIN'])(
    '%s is a 400',
    async (query) => {
      expect((await send(`/kv${query}`, { queries: {} })).statusCode).toBe(400);
    },
  );

  it.each(['?explain', '?explain=', '?explain=true'])('%s is none', async (query) => {
    expect((await send(`/kv${query}`, { queries: {} })).json()).toMatchObject({ calls: { least: 0, most: 0 } });
  });

  it('come of what takes too much work to tell', async () => {
    const many = find({ filter: { x: { $in: Array.from({ length: 150_000 }, () => 1) } } });
    const told = await send('/kv?explain', { queries: { a: many } });
    expect([told.statusCode, told.json().code]).toEqual([422, 'TOO_LARGE']);
  });
});
