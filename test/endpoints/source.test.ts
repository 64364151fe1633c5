import { Ajv2020 } from 'ajv/dist/2020.js';
import { deserialize, serialize } from 'bson';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { openSources, parseConfig } from '../configured.ts';
import { buildApp } from '../../src/service/app.ts';
import { startScriptedMongo } from '../scripted-mongo.ts';
import { asked, type Body, type Service, startService, until } from '../service.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());

describe('the demo', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ stores });
  });
  afterAll(() => service.close());

  const described = async (name: string): Promise<Body> => {
    const answer = await service.get(`/sources/${name}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.json();
  };

  it('describes all of its sources: each op that is listed, and what is in it', async () => {
    const { sources } = (await service.get('/sources')).json();
    expect(sources.length).toBeGreaterThan(5);
    for (const { name, adapter, ops } of sources) {
      const told = await described(name);
      expect(Object.keys(told)).toEqual(['name', 'adapter', 'ops', 'contents']);
      expect([told.name, told.adapter, Object.keys(told.ops)]).toEqual([name, adapter, ops]);
      expect(JSON.stringify(told)).not.toMatch(/127\.0\.0\.1|demo-secret/);
    }
  });

  it('has of each op a schema that stands by itself, takes what the service takes, and refuses an unknown field', async () => {
    const taken: Record<string, object[]> = {
      find: [
        { collection: 'users', limit: 2 },
        { collection: 'users', filter: { _id: { $result: '/a' } }, limit: { $param: '/most' }, skip: { $item: '' } },
      ],
      listObjects: [{ limit: 2 }],
      getObject: [{ key: { $join: ['covers/', { $item: '/sku' }, '.svg'] } }],
      get: [{ path: '/' }, { path: ['products', { $result: '/sku' }, 7] }, {}],
      post: [{ path: '/search', body: { text: 'a' } }],
    };
    const tried = new Set<string>();
    for (const source of ['shop', 'photos', 'catalog']) {
      const { ops } = await described(source);
      for (const [op, { params }] of Object.entries<Body>(ops)) {
        const ajv = new Ajv2020({
          strict: false,
          strictSchema: true,
          allErrors: true,
          formats: { date: true, 'date-time': true },
        });
        expect(ajv.validateSchema(params), op).toBe(true);
        const validate = ajv.compile(params);
        for (const one of taken[op] ?? []) {
          expect(validate(one), `${op}: ${JSON.stringify(validate.errors)}`).toBe(true);
          expect(validate({ ...one, unknown: 1 }), op).toBe(false);
          tried.add(op);
        }
        for (const [, name] of JSON.stringify(params).matchAll(/"\$ref":"([^"]*)"/g))
          expect(params.$defs).toHaveProperty([name!.replace('#/$defs/', '')]);
      }
    }
    expect([...tried].toSorted()).toEqual(Object.keys(taken).toSorted());
    const { ops } = await described('shop');
    expect(new Ajv2020({ strict: false }).compile(ops.find.params)({ collection: { $result: '/a' } })).toBe(false);
  });

  it('tells the fields of each collection by pointers that a reference can take', async () => {
    const { collections } = (await described('shop')).contents;
    expect(Object.keys(collections)).toEqual(['users', 'products', 'orders', 'reviews']);
    expect(collections.users).toEqual({
      sampled: 5,
      fields: expect.objectContaining({
        '/_id': { documents: 5, types: { objectId: 5 } },
        '/cardNumber': { documents: 5, types: { long: 5 } },
        '/address/city': { documents: 5, types: { string: 5 } },
      }),
    });
    expect(collections.orders.fields['/lines/*/price']).toEqual({ documents: 24, types: { decimal: 48 } });
    const orders = { source: 'shop', op: 'find', params: { collection: 'orders', limit: 1 } };
    const { results } = await service.kv({
      orders,
      price: { ...orders, forEach: { $result: '/orders/0/lines/*/price' } },
    });
    expect(results.price.replies.length).toBeGreaterThan(0);
  });

  it('tells the prefixes and types of a bucket, and the paths of an API', async () => {
    expect((await described('photos')).contents).toMatchObject({
      truncated: false,
      prefixes: {
        '': { objects: 38, types: { 'image/jpeg': { objects: 12 }, 'text/plain': { objects: 1, bytes: 30 } } },
        'covers/': { objects: 12, types: { 'image/svg+xml': { objects: 12 } } },
      },
    });
    const { paths } = (await described('catalog')).contents;
    expect(Object.keys(paths)).toEqual(['/products', '/products/{sku}', '/stock/{sku}', '/reviews', '/search']);
    expect((await described('pricing-us')).contents.paths['/quote'].get.summary).toBe('What a product costs here.');
  });

  it.each(['nowhere', '__proto__', 'constructor', 'a%2Fb', '%00', 'x'.repeat(64)])(
    'has no source %j, and does not repeat its name',
    async (name) => {
      const answer = await service.get(`/sources/${name}`);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.json()).toEqual({ status: 404, title: 'Not Found', detail: 'there is no source of this name' });
    },
  );

  it('takes GET and HEAD alone, no URL parameter, and is kept by nobody on the way', async () => {
    const deleted = await service.get('/sources/shop', {}, 'DELETE');
    expect([deleted.status, deleted.headers['allow']]).toEqual([405, 'GET, HEAD']);
    expect((await service.get('/sources/shop?a')).status).toBe(400);
    const head = await service.get('/sources/shop', {}, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await service.get('/sources/shop')).headers['cache-control']).toBe('no-store');
  });
});

describe('what is in a source', () => {
  const SECRET = 'sEcReT';
  let service: Service;
  const collections = ['hidden', 'large'];
  const started = (own: object = {}, server: object = {}) =>
    startService({ stores, server, sources: { shop: { collections, database: 'hidden', unique: {}, ...own } } });

  beforeAll(async () => {
    const value = (depth: number): unknown =>
      depth === 0 ? SECRET : { text: SECRET, list: [SECRET, { in: value(depth - 1) }], bytes: Buffer.from(SECRET) };
    const document = { number: 735_103, by: { [`${SECRET}@a.example`]: SECRET }, tree: value(5) };
    await stores.load(
      'hidden',
      'hidden',
      Array.from({ length: 300 }, () => document),
    );
    await stores.load(
      'hidden',
      'large',
      Array.from({ length: 5 }, () => ({ text: SECRET.repeat(100_000) })),
    );
    for (let at = 0; at < 40; at += 1)
      await stores.putObject('hidden', `years/2026/${SECRET}${at}.pdf`, SECRET, { contentType: `text/${SECRET}` });
    for (let at = 0; at < 30; at += 1) await stores.putObject('hidden', `users/${SECRET}${at}/a/b.${SECRET}`, SECRET);
    await stores.putObject('hidden', `of/${SECRET}@a.example/a.txt`, SECRET);
    await stores.putObject('hidden', `1/2/3/4/${SECRET}/a.txt`, SECRET);
  });
  beforeEach(async () => {
    service = await started({}, {});
    return async () => {
      await stores.clearFaults();
      await service.close();
    };
  });

  it('is told without a single value, also where a key of data is a name', async () => {
    const answer = await service.get('/sources/shop');
    const { text } = answer;
    expect(text.toLowerCase()).not.toContain(SECRET.toLowerCase());
    expect(text).not.toContain('735103');
    const { hidden, large } = answer.json().contents.collections;
    expect(hidden).toMatchObject({ sampled: 100, fields: { '/by': { more: true }, '/tree/list/*/in/text': {} } });
    expect(large.fields).toEqual({
      '/_id': { documents: 5, types: { objectId: 5 } },
      '/text': { documents: 5, types: { string: 5 } },
    });
  });

  it('is told of a bucket without a key, also where a folder is one of data', async () => {
    await service.close();
    service = await startService({ stores, sources: { photos: { bucket: 'hidden', prefix: '' } } });
    const answer = await service.get('/sources/photos');
    expect(answer.text.toLowerCase()).not.toContain(SECRET.toLowerCase());
    const { prefixes } = answer.json().contents;
    expect(Object.keys(prefixes)).toEqual([
      '',
      '1/',
      '1/2/',
      '1/2/3/',
      '1/2/3/4/',
      'of/',
      'users/',
      'years/',
      'years/2026/',
    ]);
    expect(prefixes['users/']).toEqual({
      objects: 30,
      bytes: 180,
      types: { 'application/octet-stream': { objects: 30, bytes: 180 } },
      more: true,
    });
    expect(prefixes['years/2026/'].types).toEqual({ 'application/pdf': { objects: 40, bytes: 240 } });
    expect([prefixes['of/'].more, prefixes['1/2/3/4/'].more]).toEqual([true, true]);
  });

  it('costs a store one sample of each collection, or one listing, however many ask', async () => {
    const sampled = async () => {
      const { mongo, s3 } = await stores.stats();
      return [mongo.commands['aggregate'] ?? 0, Object.values(s3.requests).reduce((sum, count) => sum + count, 0)];
    };
    const [samples = 0, listings = 0] = await sampled();
    const all = ['shop', 'photos'].flatMap((name) => Array.from({ length: 20 }, () => service.get(`/sources/${name}`)));
    for (const { status } of await Promise.all(all)) expect(status).toBe(200);
    await service.get('/sources/shop');
    expect(await sampled()).toEqual([samples + 2, listings + 1]);
  });

  it('is a $sample of 100 that the store ends in time, and not what is in a cache', async () => {
    const mongo = await startScriptedMongo(() => [serialize({ _id: 1 })]);
    const source = { adapter: 'mongo', url: mongo.url, database: 'd', collections: ['a'], describe: true };
    const config = parseConfig({ sources: { a: { ...source, timeoutMs: 700, cache: { ttlMs: 86_400_000 } } } });
    for (let times = 0; times < 2; times += 1) {
      await using opened = await openSources(config);
      const app = await buildApp(config, opened);
      expect((await app.inject('/sources/a')).json().contents).toEqual({
        collections: { a: { sampled: 1, fields: { '/_id': { documents: 1, types: { int: 1 } } } } },
      });
      await app.close();
    }
    const commands = mongo.commands.map((bytes) => deserialize(bytes));
    await mongo.close();
    expect(commands).toHaveLength(2);
    expect(commands[0]).toMatchObject({
      aggregate: 'a',
      pipeline: [{ $sample: { size: 100 } }],
      maxTimeMS: expect.any(Number),
    });
    for (const { maxTimeMS } of commands) expect(maxTimeMS).toBeLessThanOrEqual(700);
  });

  it('is left out, and no store asked, where the source does not say `describe`', async () => {
    await service.close();
    const sources = Object.fromEntries(['shop', 'photos', 'catalog'].map((name) => [name, { describe: false }]));
    service = await startService({ stores, sources });
    const before = await asked(stores);
    for (const name of Object.keys(sources))
      expect(Object.keys((await service.get(`/sources/${name}`)).json())).toEqual(['name', 'adapter', 'ops']);
    expect(await asked(stores)).toBe(before);
  });

  it.each([
    ['shop', 'mongo', { kind: 'fail', code: 13 }, 502, 'FORBIDDEN'],
    ['shop', 'mongo', { kind: 'cut' }, 502, 'UNAVAILABLE'],
    ['shop', 'mongo', { kind: 'stall' }, 504, 'TIMEOUT'],
    ['photos', 's3', { kind: 'fail', status: 500 }, 502, 'UNAVAILABLE'],
    ['photos', 's3', { kind: 'fail', status: 404 }, 502, 'NOT_FOUND'],
    ['photos', 's3', { kind: 'stall' }, 504, 'TIMEOUT'],
  ] as const)('of %s fails where %s does so: %o', async (name, store, fault, status, code) => {
    await service.close();
    service = await started({}, { timeoutMs: fault.kind === 'stall' ? 150 : 2000 });
    await stores.addFault({ store, match: store === 'mongo' ? 'aggregate' : 'ListObjects', fault });
    const answer = await service.get(`/sources/${name}`);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status, code, source: name, detail: expect.any(String) });
    // A deadline is kept within 50 ms; the rest is for a machine that does other things, too.
    expect(answer.ms).toBeLessThan(1000);
    await stores.clearFaults();
    expect((await service.get(`/sources/${name}`)).status).toBe(200);
  });

  it.each([
    [13, 'FORBIDDEN', { error: { code: 'FORBIDDEN' } }],
    [91, 'UNAVAILABLE', { sampled: 5 }],
  ])('is told of the other collections where one cannot be looked at: %i', async (code, told, later) => {
    await stores.addFault({ store: 'mongo', match: 'aggregate:large', fault: { kind: 'fail', code } });
    const answer = await service.get('/sources/shop');
    expect(answer.status).toBe(200);
    const { ops, contents } = answer.json();
    expect(Object.keys(ops)).toContain('find');
    expect(contents.collections).toMatchObject({ hidden: { sampled: 100 }, large: { error: { code: told } } });
    await stores.clearFaults();
    // What may pass is looked at anew.
    expect((await service.get('/sources/shop')).json().contents.collections.large).toMatchObject(later);
  });

  it('waits for a place among the calls of its source, and asks no more of a store that fails', async () => {
    await service.close();
    service = await started({ concurrency: 1, breaker: { ratio: 0.5, calls: 1, openMs: 60_000 }, retry: false });
    expect((await service.get('/sources/shop')).status).toBe(200);
    await service.close();
    service = await started({ breaker: { ratio: 0.5, calls: 1, openMs: 60_000 }, retry: false });
    await stores.addFault({ store: 'mongo', match: 'aggregate', fault: { kind: 'fail', code: 91 } });
    expect((await service.get('/sources/shop')).status).toBe(502);
    const before = await asked(stores);
    const refused = await service.get('/sources/shop');
    expect([refused.status, refused.json().code]).toEqual([503, 'CIRCUIT_OPEN']);
    // What is left of the minute that the circuit is open.
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(await asked(stores)).toBe(before);
  });

  it('is no longer looked for when the last who asked has left', async () => {
    await stores.addFault({ store: 's3', match: 'ListObjects', fault: { kind: 'stall' } });
    const { cancelled } = (await stores.stats()).s3;
    const leaving = new AbortController();
    const left = fetch(`${service.url}/sources/files`, { signal: leaving.signal }).catch(() => 'left');
    await until(async () => (await stores.stats()).s3.running > 0, 'the store is asked');
    leaving.abort();
    expect(await left).toBe('left');
    await until(async () => (await stores.stats()).s3.cancelled > cancelled, 'the store hears of it');
  });
});
