import { Binary, Decimal128, Double, Long, ObjectId, UUID } from 'bson';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA, ADAS_ORDER } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { asked, type Body, type Service, startService } from '../service.ts';

const id = '66f0000000000000000f0001';
const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
const typed = {
  _id: new ObjectId(id),
  ref: new ObjectId(ADA),
  at: new Date('2026-01-02T03:04:05.678Z'),
  long: Long.fromString('9007199254740995'),
  decimal: Decimal128.fromString('1.10'),
  uuid: new UUID(uuid),
  bytes: new Binary(Buffer.from('abc')),
  double: new Double(1),
  nan: NaN,
  endless: -Infinity,
  int: 7,
};

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.load('shop', 'typed', [typed]);
  // The same values, elsewhere, beside neighbours that a lossy way would find instead.
  const neighbour = {
    long: Long.fromString('9007199254740992'),
    decimal: Decimal128.fromString('1.2'),
    at: new Date('2026-01-02T03:04:05.679Z'),
  };
  await stores.load('shop', 'copies', [
    { ...typed, _id: 1 },
    { ...typed, _id: 2, ...neighbour, ref: id, uuid },
  ]);
  service = await startService({
    stores,
    sources: { shop: { collections: ['users', 'orders', 'products', 'reviews', 'typed', 'copies'] } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const one = (collection: string, filter: object) => ({ source: 'shop', op: 'findOne', params: { collection, filter } });
const many = (collection: string, filter: object, more: object = {}) => ({
  source: 'shop',
  op: 'find',
  params: { collection, filter, ...more },
});
const echo = (path: unknown[], more: object = {}) => ({
  source: 'catalog',
  op: 'get',
  params: { path: ['echo', ...path], ...more },
});
const source = one('typed', { _id: { $oid: id } });

describe('Mongo’s types', () => {
  it('are plain JSON in an answer', async () => {
    const { results } = await service.kv({ source });
    expect(results.source.value).toEqual({
      _id: id,
      ref: ADA,
      at: '2026-01-02T03:04:05.678Z',
      long: '9007199254740995',
      decimal: '1.10',
      uuid,
      bytes: 'YWJj',
      double: 1,
      nan: 'NaN',
      endless: '-Infinity',
      int: 7,
    });
  });

  it.each(['ref', 'at', 'long', 'decimal', 'uuid', 'int'])(
    'survive from one Mongo query to another: %s',
    async (field) => {
      const { results } = await service.kv({
        source,
        bare: many('copies', { [field]: { $result: `/source/${field}` }, _id: 1 }),
        listed: many('copies', { [field]: { $in: [{ $result: `/source/${field}` }] }, _id: 1 }),
        pipeline: {
          source: 'shop',
          op: 'aggregate',
          params: {
            collection: 'copies',
            pipeline: [
              { $match: { [field]: { $eq: { $result: `/source/${field}` } } } },
              { $sort: { _id: 1 } },
              { $project: { _id: 1 } },
            ],
          },
        },
      });
      expect(results.bare.value).toHaveLength(1);
      expect(results.listed.value).toHaveLength(1);
      expect(results.pipeline.value).toEqual(field === 'int' ? [{ _id: 1 }, { _id: 2 }] : [{ _id: 1 }]);
    },
  );

  it('are text elsewhere: hex, ISO 8601, digits', async () => {
    const { results } = await service.kv({
      source,
      echo: echo(
        ['ref', 'at', 'long', 'decimal', 'uuid'].map((field) => ({ $result: `/source/${field}` })),
        {
          query: { ids: { $join: [{ $result: '/source/ref' }, '-', { $result: '/source/long' }] } },
        },
      ),
    });
    expect(decodeURIComponent(results.echo.value.path)).toBe(
      `/echo/${ADA}/2026-01-02T03:04:05.678Z/9007199254740995/1.10/${uuid}`,
    );
    expect(results.echo.value.query.ids).toBe(`${ADA}-9007199254740995`);
  });

  it('come back whole: references are filled in before Extended JSON is read', async () => {
    const { results } = await service.kv({
      review: { source: 'catalog', op: 'get', params: { path: '/reviews', query: { product: 'B-101' } } },
      author: one('users', { _id: { $oid: { $result: '/review/0/author' } } }),
      big: { source: 'catalog', op: 'get', params: { path: '/json/big-int' } },
      card: one('users', { cardNumber: { $result: '/big/id' } }),
      digits: one('users', { cardNumber: { $numberLong: { $join: ['', { $result: '/big/id' }] } } }),
    });
    expect(results.author.value.name).toEqual(expect.any(String));
    expect(results.card.value.name).toBe('Ada Lovelace');
    expect(results.digits.value.name).toBe('Ada Lovelace');
  });

  it('that do not read exactly once filled in are INVALID', async () => {
    const { results } = await service.kv({
      user: one('users', { _id: { $oid: ADA } }),
      bad: one('users', { _id: { $oid: { $result: '/user/name' } } }),
    });
    expect(results.bad).toMatchObject({ status: 'error', error: { code: 'INVALID', source: 'shop' } });
  });
});

describe('a reference', () => {
  const ada = one('users', { _id: { $oid: ADA } });

  it('waits for the part it names alone, whatever the order written', async () => {
    const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 300 } } };
    const { results } = await service.kv({
      orders: many('orders', { userId: { $result: '/ada/_id' } }, { sort: { at: -1 }, limit: 3 }),
      slow,
      ada,
    });
    expect(results.orders.value.map((order: Body) => order.number)).toEqual([1024, 1022, 1020]);
    expect(results.orders.ms).toBeLessThan(results.slow.ms);
  });

  it('goes over lists with *, into nested groups and out of them', async () => {
    const { results } = await service.kv({
      order: one('orders', { _id: { $oid: ADAS_ORDER } }),
      inner: {
        pattern: 'kv',
        queries: {
          products: many(
            'products',
            { sku: { $in: { $result: '/order/lines/*/sku' } } },
            { projection: { _id: 0, sku: 1 } },
          ),
        },
      },
      after: echo([{ $result: '/inner/products/0/sku' }]),
    });
    const skus = results.order.value.lines.map((line: Body) => line.sku);
    expect(results.inner.replies.products.value.map((product: Body) => product.sku).toSorted()).toEqual(
      skus.toSorted(),
    );
    expect(results.after.value.path).toMatch(/^\/echo\/B-1/);
  });

  it('to what failed or leads nowhere skips what names it, and so on down', async () => {
    const { complete, results } = await service.kv({
      gone: { source: 'catalog', op: 'get', params: { path: '/products/none' } },
      first: echo([{ $result: '/gone/sku' }]),
      second: echo([{ $result: '/first/path' }]),
      ada,
      nowhere: echo([{ $result: '/ada/address/planet' }]),
      kept: { ...echo([{ $result: '/gone/sku' }]), default: 'instead' },
      unasked: { ...echo(['x']), when: { $result: '/ada/address/planet' } },
      chained: echo([{ $result: '/unasked/path' }]),
    });
    expect(complete).toBe(false);
    expect(results.first).toMatchObject({
      status: 'skipped',
      error: { code: 'DEPENDENCY_FAILED', retryable: false, dependsOn: ['gone'] },
    });
    expect(results.second).toMatchObject({
      status: 'skipped',
      error: { code: 'DEPENDENCY_FAILED', dependsOn: ['first'] },
    });
    expect(results.nowhere).toMatchObject({
      status: 'skipped',
      error: { code: 'DEPENDENCY_FAILED', retryable: false },
    });
    expect(results.kept).toMatchObject({
      status: 'ok',
      value: 'instead',
      defaulted: true,
      error: { code: 'DEPENDENCY_FAILED' },
    });
    expect(results.unasked).toEqual({ status: 'skipped' });
    expect(results.chained).toEqual({ status: 'skipped' });
    for (const name of ['first', 'second', 'nowhere']) expect(results[name]).not.toHaveProperty('ms');
  });

  it('in a select joins an item with what was found for it', async () => {
    const { results } = await service.kv({
      hits: { source: 'catalog', op: 'post', params: { path: '/search', body: { text: 'the' } }, select: '/hits' },
      joined: {
        forEach: { $result: '/hits' },
        source: 'catalog',
        op: 'get',
        params: { path: ['stock', { $item: '/sku' }] },
        select: { title: { $item: '/title' }, count: '/count' },
      },
    });
    expect(results.joined.replies.length).toBeGreaterThan(1);
    for (const [at, { value }] of results.joined.replies.entries()) {
      expect(value).toEqual({ title: results.hits.value[at].title, count: expect.any(Number) });
    }
  });

  it('leads from Mongo into S3, behind the prefix', async () => {
    const { results } = await service.kv({
      product: one('products', { sku: 'B-101' }),
      cover: { source: 'photos', op: 'getObject', params: { key: { $result: '/product/cover' }, format: 'text' } },
      picture: {
        source: 'photos',
        op: 'headObject',
        params: { key: { $join: [{ $result: '/product/sku' }, '.jpg'] } },
      },
      index: { source: 'photos', op: 'getObject', params: { key: 'index.json' } },
      card: one('users', { cardNumber: { $result: '/index/serial' } }),
    });
    expect(results.cover.value).toMatch(/^<svg/);
    expect(results.picture.value).toMatchObject({ contentType: 'image/jpeg', size: expect.any(Number) });
    expect(results.card.value.name).toBe('Ada Lovelace');
  });
});

it('a customer with orders and a picture, each found by what was found before, is answered in one request', async () => {
  await stores.addFault({ store: 'mongo', match: 'find:orders', fault: { kind: 'stall' } });
  const answer = await service.post('/kv', {
    timeoutMs: 800,
    queries: {
      user: one('users', { _id: { $oid: ADA } }),
      orders: {
        ...many('orders', { userId: { $result: '/user/_id' } }, { sort: { at: -1 }, limit: 5 }),
        timeoutMs: 200,
      },
      photos: {
        forEach: { $result: '/orders/*/sku' },
        concurrency: 4,
        source: 'photos',
        op: 'presignGetObject',
        params: { key: { $join: [{ $item: '' }, '.jpg'] } },
      },
      price: {
        pattern: 'first-reply',
        take: 1,
        hedgeMs: 150,
        queries: [
          { source: 'pricing-eu', op: 'get', params: { path: '/quote' } },
          { source: 'pricing-us', op: 'get', params: { path: '/quote' } },
        ],
      },
    },
  });
  await stores.clearFaults();
  expect(answer.headers['codap-complete']).toBe('false');
  const { complete, results } = answer.json();
  expect(complete).toBe(false);
  expect(results.user).toMatchObject({ status: 'ok', value: { _id: ADA } });
  expect(results.orders).toMatchObject({
    status: 'error',
    error: { code: 'TIMEOUT', source: 'shop', retryable: true },
  });
  expect(results.orders.ms).toBeGreaterThanOrEqual(195);
  expect(results.photos).toEqual({
    status: 'skipped',
    error: { code: 'DEPENDENCY_FAILED', message: expect.any(String), retryable: true, dependsOn: ['orders'] },
  });
  expect(results.price).toMatchObject({
    status: 'ok',
    value: { region: 'eu', eur: 12 },
    winner: 0,
    ms: expect.any(Number),
  });
});

it('a query whose reference waits in vain asks no store', async () => {
  const before = await asked(stores);
  await service.kv({
    gone: { source: 'catalog', op: 'get', params: { path: '/products/none' } },
    never: echo([{ $result: '/gone/sku' }]),
  });
  expect(await asked(stores)).toBe(before + 1);
});
