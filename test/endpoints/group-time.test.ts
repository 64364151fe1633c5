import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type Body, type Service, startService } from '../service.ts';

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  for (const match of ['GetObject film.bin', 'ListObjects'])
    await stores.addFault({ store: 's3', match, fault: { kind: 'stall' } });
  service = await startService({ stores });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const slow = (ms: number, more: object = {}) => ({
  source: 'catalog',
  op: 'get',
  params: { path: '/slow', query: { ms } },
  ...more,
});
const film = { source: 'files', op: 'getObject', params: { key: 'film.bin' } };
const listed = { source: 'files', op: 'listObjects', params: {}, stream: true };
const within = (timeoutMs: number, query: object) => ({ pattern: 'first-reply', take: 1, timeoutMs, queries: [query] });
const TAR = 'application/x-tar';
const RAW = 'application/octet-stream';

describe('what flows in a group has at most the group’s own time for its first byte', () => {
  it.each<[string, object, string]>([
    ['a body in an archive', within(60, slow(900)), TAR],
    ['an object in an archive', within(60, film), TAR],
    ['one of two', { pattern: 'kv', timeoutMs: 60, queries: { a: slow(0), b: slow(900) } }, TAR],
    ['one in it with less', within(600, within(60, slow(900))), TAR],
    ['one in it with more', within(60, within(600, slow(900))), TAR],
    ['a query in it with more', within(60, slow(900, { timeoutMs: 600 })), 'application/zip'],
    ['raw bytes', within(60, slow(900)), RAW],
    ['a raw object', within(60, film), RAW],
    ['a list item by item', { pattern: 'kv', timeoutMs: 60, queries: { listed } }, 'application/x-ndjson'],
  ])('%s, and explain says so', async (_what, g, accept) => {
    const body = { timeoutMs: 1500, queries: { g } };
    const { text, ms } = await service.post('/kv', body, { accept });
    expect(text).toContain('"code":"TIMEOUT"');
    expect(ms).toBeLessThan(1400);
    const told = (await service.post('/kv?explain', body, { accept })).json();
    expect(new Set(timesOf(told))).toEqual(new Set([60]));
  });
});

it('it has that from its turn on: what is read before takes nothing of it', async () => {
  const queries = Array.from({ length: 8 }, () => slow(80));
  const body = { queries: [{ pattern: 'ordered', timeoutMs: 300, queries }] };
  const { text, ms } = await service.post('/ordered', body, { accept: TAR });
  expect(text).not.toContain('_INCOMPLETE');
  expect(ms).toBeGreaterThan(300);
});

/** The `timeoutMs` of each query in what explain tells. */
function timesOf({ source, timeoutMs, queries = {} }: Body): number[] {
  return source ? [timeoutMs] : Object.values<Body>(queries).flatMap(timesOf);
}
