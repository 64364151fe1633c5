import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { startFlow } from '../flow.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Body, type Service, startService, until } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

/** How many calls of each source may be under way, and how many of them may flow. */
const PLACES = 8;
const FLOWING = 6;
/** How long a busy machine may take. */
const PATIENCE_MS = 8000;

let stores: Stores;
let store: ScriptedStore;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.load(
    'shop',
    'many',
    Array.from({ length: 150 }, (_, at) => ({ _id: at, text: 'x'.repeat(20_000) })),
  );
  // A body begins, and does not end.
  store = await startScripted((path, response) => {
    response.setHeader('content-type', 'text/plain').write('x');
    if (path === '/whole') response.end();
  });
  const own = { concurrency: PLACES, timeoutMs: PATIENCE_MS };
  service = await startService({
    stores,
    sources: {
      shop: { collections: ['many', 'users'], unique: {}, ...own },
      scripted: { adapter: 'rest', url: store.url, ...own },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

/** More than what lies between the store and a client that does not read. */
const list = { source: 'shop', op: 'find', params: { collection: 'many', batchSize: 40 }, stream: true };
const body = { source: 'scripted', op: 'get', params: { path: '/endless' } };
const gathered: Record<string, object> = {
  shop: { source: 'shop', op: 'findOne', params: { collection: 'users' } },
  scripted: { ...body, params: { path: '/whole' } },
};
const times = (count: number, query: object) => Array.from({ length: count }, () => query);
const keyed = (queries: readonly object[]) => ({ queries: Object.fromEntries(queries.entries()) });
const each = (query: object, count: number) => ({ ...query, forEach: times(count, {}), concurrency: count });

const NDJSON = 'application/x-ndjson';
const SSE = 'text/event-stream';
const ZIP = 'application/zip';
const RAW = 'application/octet-stream';

/** How the places of a source are taken. */
async function placesOf(name: string): Promise<{ running: number; queued: number }> {
  const { sources } = (await service.get('/sources')).json();
  return sources.find((source: Body) => source.name === name).layers.limit;
}

const untilOpen = (name: string) =>
  until(async () => (await placesOf(name)).running >= FLOWING, 'all that may flow is open', PATIENCE_MS);

describe('what a client is slow to read leaves places of its source to what is gathered', () => {
  it.each([
    ['lists', 'shop', 1, '/kv', NDJSON, keyed(times(12, list))],
    ['lists by events', 'shop', 1, '/kv', SSE, keyed(times(12, list))],
    ['lists in order of arrival', 'shop', 1, '/first-reply', NDJSON, { queries: times(12, list) }],
    ['lists of a forEach', 'shop', 1, '/kv', NDJSON, keyed([each(list, 12)])],
    ['lists of several batches', 'shop', 3, '/kv', NDJSON, keyed(times(4, list))],
    ['bodies in archives', 'scripted', 5, '/kv', ZIP, keyed(times(2, body))],
    [
      'bodies that a take has all open',
      'scripted',
      1,
      '/first-reply',
      ZIP,
      { take: 1, timeoutMs: PATIENCE_MS, queries: [each(body, 8)] },
    ],
    ['raw bytes', 'scripted', 10, '/kv', RAW, keyed([body])],
  ])('%s', async (_what, source, clients, path, accept, batch) => {
    const leaving = new AbortController();
    const ask = () => askBytes(service.url + path, batch, accept, {}, leaving.signal);
    const asked = Promise.allSettled(Array.from({ length: clients }, ask));
    try {
      await untilOpen(source);
      expect(await placesOf(source)).toMatchObject({ running: FLOWING });
      for (const query of times(4, gathered[source]!))
        expect(await service.kv({ query }, { timeoutMs: PATIENCE_MS })).toMatchObject({ complete: true });
    } finally {
      leaving.abort();
      await asked;
      await until(async () => (await placesOf(source)).running === 0, 'all is let go of', PATIENCE_MS);
    }
  });

  it.each([
    ['/kv', 'queries', keyed(times(8, list))],
    ['/first-reply', 'queries', { queries: times(8, list) }],
    ['/kv', 'items', keyed([each(list, 8)])],
  ])('and begins as places come free, however late that is: %s of %s', async (path, _what, batch) => {
    const timeoutMs = 1500;
    const began = performance.now();
    const flow = await startFlow(service.url + path, { ...batch, timeoutMs }, { accept: NDJSON });
    await untilOpen('shop');
    // Those that wait do so in their batch: the source's line is for others.
    expect(await placesOf('shop')).toMatchObject({ running: FLOWING, queued: 0 });
    await pause(began + 1.2 * timeoutMs - performance.now());
    expect((await flow.rest()).at(-1)).toMatchObject({ event: 'end', complete: true, counts: { ok: 8, error: 0 } });
  });
});
