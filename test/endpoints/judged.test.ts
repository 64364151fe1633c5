import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { startFlow } from '../flow.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  const documents = Array.from({ length: 2000 }, (_, at) => ({ _id: at }));
  await stores.load('shop', 'first', documents);
  await stores.load('shop', 'second', documents);
  // A source each: where a connection is cut, its driver gives up others of the same source.
  const source = (collection: string) => ({
    adapter: 'mongo',
    url: stores.mongoUrl,
    database: 'shop',
    collections: [collection],
  });
  service = await startService({ stores, sources: { first: source('first'), second: source('second') } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(() => stores.clearFaults());

const missing = { source: 'catalog', op: 'get', params: { path: '/products/none' } };
const found = { source: 'catalog', op: 'get', params: { path: '/stock/B-101' } };
const list = (collection: string) => ({
  source: collection,
  op: 'find',
  params: { collection, sort: { _id: 1 }, batchSize: 50 },
  stream: true,
  required: true,
});

/** How a batch ended: whether it is complete, and by what it was failed, if it was. */
type Ended = (path: string, body: object) => Promise<{ complete: boolean; failed?: unknown }>;

const frames: Ended = async (path, body) => {
  const flow = await startFlow(service.url + path, body, { accept: 'application/x-ndjson' });
  const end = (await flow.rest()).at(-1);
  return { complete: end?.['complete'] === true, ...(end?.['error'] !== undefined && { failed: end['error'] }) };
};

const gathered: Ended = async (path, body) => {
  const answer = JSON.parse(String(await (await askBytes(service.url + path, body, 'application/json')).read()));
  return { complete: answer.complete, ...(answer.code !== undefined && { failed: answer }) };
};

const archived = (program: 'unzip' | 'tar', accept: string): Ended => {
  return async (path, body) => {
    const answer = await askBytes(service.url + path, body, accept);
    const bytes = await answer.read().catch((cause: Error) => cause);
    if (bytes instanceof Error) return { complete: false, failed: bytes };
    const files = await unpack(program, bytes);
    return { complete: !files.has('_INCOMPLETE.json') || incomplete(files).complete };
  };
};

const WAYS: readonly [string, Ended][] = [
  ['gathered', gathered],
  ['by frames', frames],
  ['as a zip', archived('unzip', 'application/zip')],
  ['as a tar', archived('tar', 'application/x-tar')],
];

describe.each(WAYS)('under onError "fail", answered %s,', (_way, ended) => {
  it.each([
    ['a query', { ...missing, default: null }],
    ['a group', { pattern: 'kv', queries: { missing: { ...missing, required: true } }, default: null }],
    ['a take', { pattern: 'first-reply', take: 1, queries: [missing], default: null }],
    ['an item of a forEach', { forEach: [1, 2], ...missing, default: null }],
    ['a query within a group', { pattern: 'ordered', queries: [{ ...missing, default: null }] }],
  ])('a default of %s keeps its failure from failing the batch', async (_whose, defaulted) => {
    expect(await ended('/kv', { onError: 'fail', queries: { defaulted, found } })).toEqual({ complete: false });
  });
});

describe('what was given up for a failure is not taken for it:', () => {
  const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 400 } } };
  const inner = { pattern: 'kv', queries: { slow, bad: { ...missing, required: true } } };
  const partly = { pattern: 'kv', queries: { found, inner } };
  const notFound = { status: 404, code: 'NOT_FOUND' };

  it.each([
    ['/kv', { queries: { inner } }, 'application/zip', '/inner/bad'],
    ['/kv', { queries: { inner } }, 'application/x-tar', '/inner/bad'],
    ['/first-reply', { take: 1, queries: [partly] }, 'application/json', '/0/inner/bad'],
    [
      '/kv',
      { onError: 'fail', queries: { group: { ...partly, default: null } } },
      'application/json',
      '/group/inner/bad',
    ],
  ])('%s %j as %s', async (path, body, accept, at) => {
    const answer = await askBytes(service.url + path, body, accept);
    expect(answer.status).toBe(404);
    expect(JSON.parse(String(await answer.read()))).toMatchObject({ ...notFound, path: at });
  });

  it('a take that is out of reach has its default', async () => {
    const take = { pattern: 'first-reply', take: 1, default: 7, queries: [partly] };
    const { results } = await service.kv({ take });
    expect(results.take).toMatchObject({ status: 'ok', value: 7, defaulted: true, error: { code: 'NOT_FOUND' } });
  });
});

it.each([
  ['the batch', '/second', (queries: object) => queries],
  ['a group', '/group', (queries: object) => ({ group: { pattern: 'kv', required: true, queries } })],
])('of required lists that flow, the one that broke fails %s, not one given up for it', async (_whose, at, inside) => {
  const queries = inside({ first: list('first'), second: list('second') });
  await stores.addFault({ store: 'mongo', match: 'getMore:first', fault: { kind: 'delay', ms: 100 } });
  await stores.addFault({ store: 'mongo', match: 'getMore:second', fault: { kind: 'cut' } });
  const { failed } = await frames('/kv', { queries });
  expect(failed).toMatchObject({ code: 'UNAVAILABLE', source: 'second', path: at });
});
