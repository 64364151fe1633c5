import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

const GIBIBYTE = 2 ** 30;

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  for (let at = 0; at < 10; at += 1) await stores.putSynthetic('files', `huge/${at}.bin`, GIBIBYTE);
  service = await startService({ stores });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const list = { source: 'files', op: 'listObjects', params: { prefix: 'huge/' }, as: 'list', hidden: true };
const objects = {
  forEach: { $result: '/list/objects' },
  source: 'files',
  op: 'getObject',
  params: { key: { $item: '/key' } },
};
const pages = {
  forEach: { $result: '/list/objects' },
  source: 'catalog',
  op: 'get',
  params: { path: '/big', query: { bytes: GIBIBYTE } },
};
const group = (pattern: string) => ({ pattern, queries: pattern === 'kv' ? { objects, pages } : [objects, pages] });

describe('two store bodies are open at most, whatever their kind and wherever they stand', () => {
  const orders = [
    ['objects first', [list, objects, pages]],
    ['pages first', [list, pages, objects]],
    ['groups', [list, group('ordered'), group('first-reply')]],
    ['groups in order', [list, group('ordered'), group('ordered'), group('kv')]],
  ] as const;
  const cases = ['/ordered', '/first-reply', '/kv'].flatMap((path) => orders.map((order) => [path, ...order] as const));

  it.each(cases)('%s: %s', async (path, _, queries) => {
    const keyed = Object.fromEntries(
      queries.map((query, at) => [at === 0 ? 'list' : `q${at}`, { ...query, as: undefined }]),
    );
    const answer = await askBytes(service.url + path, { queries: path === '/kv' ? keyed : queries }, 'application/zip');
    const open = async () => {
      const { s3, rest } = await stores.stats();
      return s3.running + rest.running;
    };
    try {
      // Beginnings that are read ahead are closed as soon as they are here.
      await until(async () => (await open()) <= 2, 'beginnings are read');
      for (let look = 0; look < 20; look += 1) {
        await pause(10);
        expect(await open()).toBeLessThanOrEqual(2);
      }
      expect(await open()).toBeGreaterThan(0);
    } finally {
      answer.leave();
    }
    await until(async () => (await open()) === 0, 'all is let go of', 1000);
  });
});

describe('what is told next is let in, though what comes after it was here before', () => {
  const small = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 1000 } } };
  const slow = {
    source: 'catalog',
    op: 'get',
    params: { path: '/slow', query: { ms: 100 } },
    select: '/ms',
    as: 'slow',
    hidden: true,
  };
  const late = { ...small, params: { path: '/big', query: { bytes: 1000, after: { $result: '/slow' } } } };

  it.each([
    ['of a first-reply in order', '/ordered', [slow, { pattern: 'first-reply', queries: [late, late] }, small, small]],
    [
      'of a take in order',
      '/ordered',
      [slow, { pattern: 'first-reply', take: 2, queries: [late, late, late] }, small, small],
    ],
    [
      'of a first-reply in a group in order',
      '/ordered',
      [slow, { pattern: 'kv', queries: { a: late, b: { pattern: 'first-reply', queries: [late] } } }, small, small],
    ],
    [
      'of groups in order under first-reply',
      '/first-reply',
      [slow, ...[0, 1, 2].map(() => ({ pattern: 'ordered', queries: [late, small, small] }))],
    ],
  ])('%s', async (_, path, queries) => {
    const answer = await askBytes(service.url + path, { queries }, 'application/zip');
    const files = await unpack('unzip', await answer.read());
    expect(files.has('_INCOMPLETE.json')).toBe(false);
    expect(files.size).toBeGreaterThanOrEqual(4);
  });
});

it('a race in a group in a take is let in, too: the take is told only together with it', async () => {
  await stores.putSynthetic('files', 'small.bin', 10);
  const object = { source: 'files', op: 'getObject', params: { key: 'small.bin' } };
  const page = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 10 } } };
  const race = { pattern: 'first-reply', take: 1, queries: [page] };
  const group = { pattern: 'kv', queries: { both: { pattern: 'kv', queries: { page, object } }, race } };
  const queries = {
    take: { pattern: 'first-reply', take: 2, queries: [object, group] },
    last: { pattern: 'kv', queries: { object } },
  };
  const answer = await askBytes(`${service.url}/kv`, { queries }, 'application/zip');
  const files = await unpack('unzip', await answer.read());
  expect([...files.keys()].toSorted()).toEqual([
    'last/object.bin',
    'take/0.bin',
    'take/1/both/object.bin',
    'take/1/both/page.bin',
    'take/1/race.bin',
  ]);
});
