import { Decimal128, Long, ObjectId, UUID } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import { type Codap, startCodap } from './codap.ts';

const typed = {
  id: new ObjectId('66f0000000000000000f0001'),
  at: new Date('2026-01-02T03:04:05.678Z'),
  long: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('1.10'),
  uuid: new UUID('0f8fad5b-d9cb-469f-a165-70867728950e'),
  list: [1, 'two', null],
  nested: { a: { b: 1 } },
};

let mongo: MongoClient;
let codap: Codap;

beforeAll(async () => {
  mongo = new MongoClient(inject('stores').mongoUrl);
  const probes = mongo.db('shop').collection<{ _id: string; [field: string]: unknown }>('probes');
  await probes.drop();
  await probes.insertMany([
    { _id: 'source', ...typed, hostile: { $gt: '' }, dollar: '$name', climbing: '../private/payroll.txt' },
    { _id: 'copy', ...typed },
    // What a lossy way would find instead.
    { _id: 'neighbour', id: String(typed.id), long: Long.fromString('9007199254740992'), uuid: String(typed.uuid) },
  ]);
  codap = await startCodap(inject('stores'), {
    shop: { database: 'shop', collections: ['users', 'orders', 'probes'] },
    files: { bucket: 'photos', prefix: 'public/' },
  });
});

afterAll(async () => {
  await codap[Symbol.asyncDispose]();
  await mongo.db('shop').collection('probes').drop();
  await mongo.close();
});

const one = (collection: string, filter: object) => ({ source: 'shop', op: 'findOne', params: { collection, filter } });
const many = (collection: string, filter: object, more: object = {}) => ({
  source: 'shop',
  op: 'find',
  params: { collection, filter, projection: { _id: 1 }, sort: { _id: 1 }, ...more },
});
const probe = one('probes', { _id: 'source' });

describe('references between real stores', () => {
  it.each(Object.keys(typed))('keep their type from one query to another: %s', async (field) => {
    const { results } = await codap.kv({ probe, found: many('probes', { [field]: { $result: `/probe/${field}` } }) });
    expect(results.found).toMatchObject({ status: 'ok', value: [{ _id: 'copy' }, { _id: 'source' }] });
  });

  it.each([
    ['a document of operators in a filter', many('probes', { _id: { $result: '/probe/hostile' } })],
    ['a document of operators in a list', many('probes', { _id: { $in: [{ $result: '/probe/hostile' }] } })],
    ['a text as a limit', many('probes', {}, { limit: { $result: '/probe/dollar' } })],
    ['a key above the prefix', { source: 'files', op: 'getObject', params: { key: { $result: '/probe/climbing' } } }],
    [
      'an address above the prefix',
      { source: 'files', op: 'presignGetObject', params: { key: { $result: '/probe/climbing' } } },
    ],
  ])('are data: %s is INVALID', async (_, query) => {
    const { results } = await codap.kv({ probe, query });
    expect(results).toMatchObject({ probe: { status: 'ok' }, query: { status: 'error', error: { code: 'INVALID' } } });
  });

  it('compare a text that looks like a field with itself', async () => {
    const { results } = await codap.kv({ probe, found: many('probes', { dollar: { $result: '/probe/dollar' } }) });
    expect(results.found.value).toEqual([{ _id: 'source' }]);
  });

  it('lead from a document to its orders, and from each to an object', async () => {
    const answer = await codap.kv({
      user: one('users', { _id: { $oid: ADA } }),
      orders: many(
        'orders',
        { userId: { $result: '/user/_id' } },
        { projection: { sku: 1 }, sort: { at: -1 }, limit: 3 },
      ),
      photos: {
        forEach: { $result: '/orders/*/sku' },
        source: 'files',
        op: 'headObject',
        params: { key: { $join: [{ $item: '' }, '.jpg'] } },
      },
      none: { source: 'files', op: 'getObject', params: { key: { $join: [{ $result: '/user/_id' }, '.jpg'] } } },
      after: { source: 'files', op: 'headObject', params: { key: { $result: '/none/key' } } },
    });
    expect(answer.complete).toBe(false);
    expect(answer.results).toMatchObject({
      user: { status: 'ok', value: { _id: ADA, cardNumber: '9007199254740993' } },
      photos: {
        status: 'ok',
        replies: Array.from({ length: 3 }, () => ({ status: 'ok', value: { contentType: 'image/jpeg' } })),
      },
      none: { status: 'error', error: { code: 'NOT_FOUND' } },
      after: { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', dependsOn: ['none'] } },
    });
  });
});

describe('the three patterns over real stores', () => {
  const queries = [
    { source: 'shop', op: 'countDocuments', params: { collection: 'users' } },
    { source: 'files', op: 'getObject', params: { key: 'welcome.txt' } },
    { source: 'files', op: 'getObject', params: { key: 'none' } },
  ];
  const post = async (pattern: string, body: object) => {
    const response = await fetch(`${codap.url}/${pattern}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const count = { status: 'ok', value: 5 };
  const welcome = { status: 'ok', value: 'Welcome to the shop. Grüße!\n' };
  const missing = { status: 'error', error: { code: 'NOT_FOUND', source: 'files' } };

  it('kv answers by key, ordered in the order asked, first-reply all of them', async () => {
    const [a, b, c] = queries;
    expect(await post('kv', { queries: { a, b, c } })).toMatchObject({ results: { a: count, b: welcome, c: missing } });
    expect(await post('ordered', { queries })).toMatchObject({ complete: false, results: [count, welcome, missing] });
    const { results } = (await post('first-reply', { queries })) as { results: { index: number }[] };
    expect(results.toSorted((x, y) => x.index - y.index)).toMatchObject([count, welcome, missing]);
  });

  it('first-reply takes what comes first and cancels the rest', async () => {
    const answer = await post('first-reply', { take: 1, queries: queries.slice(0, 2) });
    expect(answer).toMatchObject({ complete: true, results: [{ status: 'ok' }] });
  });
});
