import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { startService, type Body, type Service } from '../service.ts';

type Script = (request: IncomingMessage, response: ServerResponse) => void;

const CACHE = { ttlMs: 60_000 };
const json = { 'content-type': 'application/json' };

let stores: Stores;
let server: Server;
let service: Service;
let calls: Pick<IncomingMessage, 'url' | 'headers'>[] = [];
let script: Script;

/** Answers how many calls of its path there were, with these headers. */
const counting =
  (headers: Record<string, string> = {}): Script =>
  ({ url }, response) =>
    void response.writeHead(200, { ...json, ...headers }).end(String(callsOf(url!).length));
/** Answers with an entity tag, and to whoever knows it that it is still the same. */
const tagged =
  (value: () => string, headers: Record<string, string> = {}): Script =>
  (request, response) => {
    const etag = `"${value()}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag, ...headers }).end();
    else response.writeHead(200, { ...json, etag, ...headers }).end(JSON.stringify({ value: value() }));
  };

beforeAll(async () => {
  stores = await startStores();
  server = createServer((request, response) => {
    calls.push(request);
    request.resume();
    script(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const rest = (cache: object, own: object = {}) => ({ adapter: 'rest', url, cache, retry: false, ...own });
  service = await startService({
    stores,
    sources: {
      api: rest(CACHE),
      old: rest({ ttlMs: 0 }),
      lenient: rest({ ttlMs: 0, staleMs: 60_000, notFoundMs: 60_000 }),
      mine: rest(CACHE, { forwardHeaders: ['authorization', 'if-none-match'] }),
      told: rest(CACHE, { headers: { 'if-match': '*' } }),
      none: rest(false as never),
      shop: { cache: CACHE, describe: true },
      photos: { cache: { ttlMs: 0 } },
      kept: { ...(await import('../../demo/config.ts')).demoConfig(stores).sources.photos, cache: CACHE },
    },
  });
});
afterAll(async () => {
  await service.close();
  server.close();
  await stores.close();
});
beforeEach(() => {
  calls = [];
  script = counting();
});

/** A refresh of what another test asked for may still come. */
const callsOf = (path: string) => calls.filter(({ url }) => url === path);

let paths = 0;
/** A path that nobody has asked for. */
const fresh = () => `/p${paths++}`;
const get = (path: string, more: object = {}) => ({ source: 'api', op: 'get', params: { path }, ...more });
const one = async (query: object, headers?: Record<string, string>): Promise<Body> =>
  (await service.post('/kv', { queries: { it: query } }, headers)).json().results.it;

describe('what a source with a cache keeps', () => {
  const since = 'Thu, 01 Jan 2026 00:00:00 GMT';
  const api = (headers: object, op = 'get') => ({ source: 'api', op, params: { path: fresh(), headers } });
  const mine = () => get(fresh(), { source: 'mine' });
  const file = (params: object) => ({ source: 'kept', op: 'getObject', params: { key: 'welcome.txt', ...params } });

  it.each<[string, boolean, () => object, Record<string, string>?]>([
    ['a GET', true, () => api({})],
    ['a HEAD', true, () => api({}, 'head')],
    ['a GET of a part', true, () => api({ range: 'bytes=0-0' })],
    ['a GET if it is another one', false, () => api({ 'If-None-Match': '"x"' })],
    ['a GET if that refers to another one', false, () => api({ 'if-none-match': { $meta: '/other/etag' } })],
    ['a HEAD if it is a newer one', false, () => api({ 'if-modified-since': since }, 'head')],
    ['a GET of who sets no condition', true, mine],
    ['a GET of who does', false, mine, { 'if-none-match': '"x"' }],
    ['a GET of who sets one that is not forwarded', true, () => api({}), { 'if-none-match': '"x"' }],
    ['a GET of a source that sets one', false, () => get(fresh(), { source: 'told' })],
    ['an object', true, () => file({ format: 'base64' })],
    ['an object if it is another one', false, () => file({ ifNoneMatch: '"x"' })],
    ['an object if it is a newer one', false, () => file({ ifModifiedSince: '2020-01-01' })],
    ['an address', false, () => ({ source: 'kept', op: 'presignGetObject', params: { key: 'a' } })],
  ])('%s: %s, as is explained, traced and counted', async (_what, isKept, made, headers) => {
    script = counting({ etag: '"1"' });
    const it = made() as { readonly source: string };
    const body = { queries: { it, other: get('/other') } };
    const counted = async (): Promise<object> => {
      const { sources } = (await service.get('/sources')).json();
      const { hit, miss } = sources.find(({ name }: Body) => name === it.source).layers.cache;
      return { hit, miss };
    };
    const explained = (await service.post('/kv?explain', body, headers)).json();
    expect('cache' in explained.queries.it.layers).toBe(isKept);
    await service.post('/kv', body, headers);
    const [before, traces] = [await counted(), [] as unknown[]];
    for (let times = 0; times < 2; times += 1) {
      const queries = { other: get('/other', { source: 'none' }), it };
      const { results } = (await service.post('/kv', { queries, trace: true }, headers)).json();
      expect(results.it.status).toBe('ok');
      traces.push(results.it.trace.cache);
    }
    expect(traces).toEqual(isKept ? ['hit', 'hit'] : [undefined, undefined]);
    expect(await counted()).toEqual(isKept ? { ...before, hit: (before as { hit: number }).hit + 2 } : before);
  });
});

it('a look at what is in a store is none that the cache of its source missed', async () => {
  const cached = async (): Promise<object> => {
    const { sources } = (await service.get('/sources')).json();
    return sources.find(({ name }: Body) => name === 'shop').layers.cache;
  };
  const before = await cached();
  const { contents } = (await service.get('/sources/shop')).json();
  expect(Object.keys(contents.collections)).not.toHaveLength(0);
  expect(await cached()).toEqual(before);
});

describe('a REST source with a cache', () => {
  it('asks once, and tells the age of what it serves again', async () => {
    const path = fresh();
    const first = await one(get(path));
    expect(first).toMatchObject({ status: 'ok', value: 1, meta: { status: 200 } });
    expect(first.meta).not.toHaveProperty('ageMs');
    const { meta, value } = await one(get(path));
    expect(value).toBe(1);
    expect(meta).toEqual({ ...first.meta, ageMs: expect.any(Number) });
    expect(Number.isInteger(meta.ageMs)).toBe(true);
    expect(callsOf(path)).toHaveLength(1);
  });

  it.each([['no-store'], ['private'], ['max-age=0'], ['s-maxage=0, max-age=60'], ['no-cache']])(
    'does not serve again what came with cache-control: %s',
    async (control) => {
      const path = fresh();
      script = counting({ 'cache-control': control });
      expect([(await one(get(path))).value, (await one(get(path))).value]).toEqual([1, 2]);
    },
  );

  it.each([['max-age=60'], ['s-maxage=60, max-age=0']])('serves again what came with %s', async (control) => {
    const path = fresh();
    script = counting({ 'cache-control': control });
    expect([(await one(get(path))).value, (await one(get(path))).value]).toEqual([1, 1]);
  });

  it('with maxAgeMs 0 asks the store; each item of a forEach, too', async () => {
    const path = fresh();
    await one(get(path));
    expect((await one(get(path, { maxAgeMs: 0 }))).value).toBe(2);
    expect((await one(get(path, { maxAgeMs: 60_000 }))).value).toBe(2);
    const each = { forEach: [1, 2, 3], concurrency: 1, maxAgeMs: 0 };
    const { replies } = await one(get(path, each));
    expect(replies.map(({ value }: Body) => value)).toEqual([3, 4, 5]);
  });

  it('asks by entity tag, and a 304 costs no body', async () => {
    const path = fresh();
    script = tagged(() => 'x'.repeat(5000));
    const ask = () => one({ ...get(path), source: 'old' });
    const first = await ask();
    const again = await ask();
    expect(again.value).toEqual(first.value);
    expect(again.meta).toEqual(first.meta);
    expect(callsOf(path).map(({ headers }) => headers['if-none-match'])).toEqual([undefined, `"${'x'.repeat(5000)}"`]);
  });

  it('asks by entity tag, and serves what is new', async () => {
    const path = fresh();
    let value = 'a';
    script = tagged(() => value);
    const ask = async () => (await one({ ...get(path), source: 'old' })).value;
    expect(await ask()).toEqual({ value: 'a' });
    value = 'b';
    expect([await ask(), await ask()]).toEqual([{ value: 'b' }, { value: 'b' }]);
    expect(callsOf(path).map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"', '"b"']);
  });

  it('renews what it has for as long as the 304 says', async () => {
    const path = fresh();
    script = tagged(() => 'a', { 'cache-control': 'no-cache' });
    await one(get(path));
    script = tagged(() => 'a', { 'cache-control': 'max-age=60' });
    await one(get(path));
    expect((await one(get(path))).meta.ageMs).toBeGreaterThanOrEqual(0);
    expect(callsOf(path)).toHaveLength(2);
  });

  it('keeps nothing of what a query’s own condition was answered with', async () => {
    const path = fresh();
    script = tagged(() => 'a');
    const condition = (name: string, tag: string) => ({ ...get(path), params: { path, headers: { [name]: tag } } });
    for (let times = 0; times < 2; times += 1) {
      expect(await one(condition('if-none-match', '"a"'))).toMatchObject({ value: null, meta: { status: 304 } });
      expect(await one(condition('if-none-match', '"b"'))).toMatchObject({ value: { value: 'a' } });
      expect(await one(condition('if-modified-since', 'Thu, 01 Jan 2026 00:00:00 GMT'))).toMatchObject({
        status: 'ok',
      });
    }
    expect(callsOf(path)).toHaveLength(6);
    expect((await one(get(path))).value).toEqual({ value: 'a' });
  });

  it('serves what is stale at once and instead of a failure, but not what maxAgeMs forbids', async () => {
    const path = fresh();
    const lenient = (more: object = {}) => one(get(path, { source: 'lenient', ...more }));
    await lenient();
    script = (_request, response) => void response.writeHead(503).end();
    for (let times = 0; times < 3; times += 1) expect(await lenient()).toMatchObject({ status: 'ok', value: 1 });
    expect(await lenient({ maxAgeMs: 0 })).toMatchObject({ status: 'error', error: { code: 'UNAVAILABLE' } });
    expect(await lenient({ maxAgeMs: 0, default: 7 })).toMatchObject({ value: 7, defaulted: true });
    expect(await lenient()).toMatchObject({ value: 1 });
  });

  it('keeps what was not found for notFoundMs, unless the store forbids that', async () => {
    const path = fresh();
    const lenient = (more: object = {}) => one(get(path, { source: 'lenient', ...more }));
    script = (_request, response) => void response.writeHead(404, { 'cache-control': 'no-store' }).end();
    expect(await lenient()).toMatchObject({ error: { code: 'NOT_FOUND', status: 404 } });
    script = (_request, response) => void response.writeHead(404).end();
    for (let times = 0; times < 3; times += 1)
      expect(await lenient()).toMatchObject({ error: { code: 'NOT_FOUND', status: 404, source: 'lenient' } });
    expect(callsOf(path)).toHaveLength(2);
    script = counting();
    expect(await lenient({ maxAgeMs: 0 })).toMatchObject({ value: 3 });
    expect(await lenient()).toMatchObject({ value: 3 });
  });

  it('never serves one caller what another one was answered', async () => {
    const path = fresh();
    const query = get(path, { source: 'mine' });
    script = ({ headers }, response) => void response.writeHead(200, json).end(JSON.stringify(headers.authorization));
    const as = async (authorization: string) => (await one(query, { authorization })).value;
    expect([await as('a'), await as('b'), await as('a'), await as('b')]).toEqual(['a', 'b', 'a', 'b']);
    expect(callsOf(path)).toHaveLength(2);
  });

  it('keeps nothing of what a forwarded condition was answered with', async () => {
    const path = fresh();
    const query = get(path, { source: 'mine' });
    script = tagged(() => 'a');
    for (let times = 0; times < 2; times += 1) {
      expect((await one(query, { 'if-none-match': '"a"' })).value).toBeNull();
      expect((await one(query, { 'if-none-match': '"b"' })).value).toEqual({ value: 'a' });
    }
    expect(callsOf(path)).toHaveLength(4);
  });

  it('never keeps a default, nor a part of a group', async () => {
    const path = fresh();
    script = (_request, response) => void response.writeHead(500).end();
    expect(await one(get(path, { default: 'none' }))).toMatchObject({ value: 'none', defaulted: true });
    const group = { pattern: 'ordered', queries: [get(path), get('/q')] };
    script = (request, response) =>
      request.url === '/q' ? response.writeHead(500).end() : counting()(request, response);
    expect(await one(group)).toMatchObject({ status: 'partial', replies: [{ value: 2 }, { status: 'error' }] });
    script = counting();
    expect(await one(group)).toMatchObject({ status: 'ok', replies: [{ value: 2 }, { value: 2 }] });
  });

  it('lets references read the age', async () => {
    const path = fresh();
    await one(get(path));
    const { results } = await service.kv({
      it: get(path),
      young: { source: 'api', op: 'get', params: { path: '/young', query: { age: { $meta: '/it/ageMs' } } } },
    });
    expect(results.young.status).toBe('ok');
    expect(calls.at(-1)?.url).toMatch(/^\/young\?age=\d+$/);
  });

  it('that is turned off asks each time, whatever maxAgeMs says', async () => {
    const path = fresh();
    const none = () => one(get(path, { source: 'none', maxAgeMs: 60_000 }));
    expect([(await none()).value, (await none()).value]).toEqual([1, 2]);
  });
});

describe('maxAgeMs', () => {
  it.each([[-1], [1.5], ['5'], [null]])('%j is refused', async (maxAgeMs) => {
    const { status, text } = await service.post('/kv', { queries: { it: get('/', { maxAgeMs }) } });
    expect(status).toBe(400);
    expect(JSON.parse(text).errors).toEqual([
      { pointer: '#/queries/it/maxAgeMs', detail: 'a whole number of at least 0 is allowed here' },
    ]);
  });

  it('is refused on a group, and on the whole', async () => {
    const group = { pattern: 'kv', queries: { it: get('/') }, maxAgeMs: 5 };
    const { status, text } = await service.post('/kv', { maxAgeMs: 5, queries: { group } });
    expect(status).toBe(400);
    expect(JSON.parse(text).errors).toEqual([
      { pointer: '#/maxAgeMs', detail: expect.stringContaining('unknown field') },
      { pointer: '#/queries/group/maxAgeMs', detail: expect.stringMatching(/^unknown field; .*(?<!, maxAgeMs)$/) },
    ]);
  });
});

describe('an S3 source with a cache', () => {
  const welcome = (source: string, params: object = {}) => ({
    source,
    op: 'getObject',
    params: { key: 'welcome.txt', ...params },
  });

  it('serves an object again, with its meta', async () => {
    const first = await one(welcome('kept'));
    const again = await one(welcome('kept'));
    expect(first.meta).not.toHaveProperty('ageMs');
    expect(again).toMatchObject({ value: first.value, meta: { ...first.meta, ageMs: expect.any(Number) } });
  });

  it('asks for it by its entity tag once it is too old', async () => {
    const first = await one(welcome('photos'));
    const again = await one(welcome('photos'));
    expect(again.value).toBe(first.value);
    expect(again.meta).toEqual(first.meta);
  });

  it('keeps nothing of what a query’s own condition was answered with', async () => {
    const { meta } = await one(welcome('photos'));
    for (let times = 0; times < 2; times += 1) {
      const same = await one(welcome('kept', { ifNoneMatch: meta.etag }));
      expect(same).toMatchObject({ value: null, meta: { status: 304 } });
      expect(same.meta).not.toHaveProperty('ageMs');
      expect((await one(welcome('kept', { ifNoneMatch: '"other"' }))).meta).not.toHaveProperty('ageMs');
    }
  });

  it('keeps listings and heads, but no presigned address', async () => {
    const ask = async (op: string, params: object) => {
      const query = { source: 'kept', op, params };
      return [await one(query), await one(query)];
    };
    const [list, listAgain] = await ask('listObjects', { limit: 2 });
    expect(listAgain).toMatchObject({ value: list.value, meta: { ageMs: expect.any(Number) } });
    const [head, headAgain] = await ask('headObject', { key: 'welcome.txt' });
    expect(headAgain).toMatchObject({ value: head.value, meta: { ageMs: expect.any(Number) } });
    const [, address] = await ask('presignGetObject', { key: 'welcome.txt' });
    expect(address).not.toHaveProperty('meta');
  });
});

describe('a Mongo source with a cache', () => {
  const find = (op: string, params: object) => ({ source: 'shop', op, params: { collection: 'users', ...params } });
  const ada = { _id: { $oid: '66f000000000000000000001' } };

  it.each([
    ['findOne', { filter: ada }],
    ['findOne', { filter: ada, ejson: 'canonical' }],
    ['findOne', { filter: { _id: 'nobody' } }],
    ['find', { sort: { _id: 1 }, limit: 3 }],
    ['find', { filter: { _id: 'nobody' } }],
    ['aggregate', { pipeline: [{ $match: ada }] }],
    ['countDocuments', {}],
    ['distinct', { key: 'address.city' }],
  ])('serves the answer of %s again: %j', async (op, params) => {
    const first = await one(find(op, params));
    expect(first).not.toHaveProperty('meta');
    const again = await one(find(op, params));
    expect(again).toMatchObject({ value: first.value, meta: { ageMs: expect.any(Number) } });
    const looked = await one({ ...find(op, params), select: '' });
    expect(looked).toMatchObject({ value: first.value, meta: { ageMs: expect.any(Number) } });
  });

  it('keeps the types of what it serves for other queries', async () => {
    const queries = {
      ada: find('findOne', { filter: ada, projection: { _id: 1 } }),
      orders: find('find', { collection: 'orders', filter: { userId: { $result: '/ada/_id' } }, sort: { _id: 1 } }),
    };
    const first = await service.kv(queries);
    expect(first.results.orders.value.length).toBeGreaterThan(0);
    const again = await service.kv(queries);
    expect(again.results.orders).toMatchObject({
      value: first.results.orders.value,
      meta: { ageMs: expect.any(Number) },
    });
  });
});
