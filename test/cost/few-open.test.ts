import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { startFlow } from '../flow.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

/** How long a query may take, and how long a client, or a body, takes its time. */
const TIMEOUT_MS = 700;
const LONG_MS = 1000;
const LARGE = 16 * 2 ** 20;

let stores: Stores;
let store: ScriptedStore;
/** Its calls under way, and the most of them. */
let running = 0;
let most = 0;
/** By how many calls of a source may be under way at a time. */
const services = new Map<number, Service>();
beforeAll(async () => {
  stores = await startStores();
  await stores.load(
    'shop',
    'many',
    Array.from({ length: 400 }, (_, at) => ({ _id: at, text: 'x'.repeat(20_000) })),
  );
  for (const name of ['large', 'late']) await stores.putSynthetic('files', `${name}.bin`, LARGE);
  store = await startScripted((path, response) => {
    const [, what = '', before = 0, ms = 0] = path.split('/');
    running += 1;
    most = Math.max(most, running);
    response.once('close', () => (running -= 1));
    void pause(Number(before))
      .then(() => response.setHeader('content-type', 'text/plain').write(what))
      .then(() => pause(Number(ms)))
      .then(() => response.end());
  });
  for (const concurrency of [1, 2, 5, 20]) services.set(concurrency, await serviceOf(concurrency));
});
afterAll(async () => {
  for (const service of services.values()) await service.close();
  await stores.close();
  await store.close();
});
afterEach(() => stores.clearFaults());

function serviceOf(concurrency: number): Promise<Service> {
  const own = { concurrency, timeoutMs: TIMEOUT_MS };
  const sources = {
    shop: { collections: ['many', 'users'], unique: {}, ...own },
    files: own,
    scripted: { adapter: 'rest', url: store.url, ...own },
  };
  return startService({ stores, sources });
}

const keyed = (queries: readonly object[]) => Object.fromEntries(queries.map((query, at) => [`q${at}`, query]));
const bodyOf = (path: string, queries: readonly object[]) => ({ queries: path === '/kv' ? keyed(queries) : queries });

describe('lists that nobody reads yet', () => {
  /** More than what lies between the store and a client that does not read. */
  const many = { source: 'shop', op: 'find', params: { collection: 'many', batchSize: 40 }, stream: true };
  const users = { source: 'shop', op: 'find', params: { collection: 'users' }, stream: true };
  const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: LONG_MS } } };
  const each = { forEach: [1, 2, 3, 4, 5], ...users };
  const group = { pattern: 'kv', queries: { a: users, b: users, c: users } };

  it.each([
    [5, '/ordered', 'after what is slow', [slow, users, users, users, users, users, users]],
    [5, '/ordered', 'of groups and a forEach', [slow, each, group, group]],
    [5, '/kv', 'of which each is read as it arrives', [many, many, many, many, many]],
    [2, '/ordered', 'after another', [many, users, users]],
    [2, '/ordered', 'of groups of a forEach', [{ forEach: [1, 2, 3, 4, 5], pattern: 'kv', queries: { a: many } }]],
    [1, '/ordered', 'after another', [many, many]],
    [1, '/kv', 'beside another', [many, many]],
    [1, '/first-reply', 'beside another', [many, many]],
  ])('leave of %i places some to others, and have their own time: %s, %s', async (concurrency, path, _, queries) => {
    const service = services.get(concurrency)!;
    const flow = await startFlow(service.url + path, bodyOf(path, queries), { accept: 'application/x-ndjson' });
    // The client takes its time.
    await pause(LONG_MS);
    if (concurrency > 2 && path === '/ordered')
      expect(await service.kv({ users: { ...users, stream: false } })).toMatchObject({ complete: true });
    const end = (await flow.rest()).at(-1);
    expect(end).toMatchObject({ event: 'end', complete: true });
  });

  it('are waited for by no gathered query of another item', async () => {
    const item = {
      forEach: [0, 1, 2, 3, 4, 5, 6, 7],
      concurrency: 2,
      pattern: 'kv',
      queries: { user: { ...users, stream: false }, orders: many },
    };
    const body = { timeoutMs: TIMEOUT_MS, queries: [item] };
    const flow = await startFlow(`${services.get(20)!.url}/ordered`, body, { accept: 'application/x-ndjson' });
    await pause(LONG_MS);
    expect((await flow.rest()).at(-1)).toMatchObject({ event: 'end', complete: true });
  });

  it('are asked for beside others that stall, where they are told as they arrive', async () => {
    await stores.addFault({ store: 'mongo', match: 'find:many', fault: { kind: 'stall' } });
    const queries = { a: many, b: many, c: many, d: many, e: users };
    const flow = await startFlow(`${services.get(20)!.url}/kv`, { queries }, { accept: 'application/x-ndjson' });
    const told = (await flow.rest()).filter(({ event }) => event !== 'item').map(({ path, status }) => [path, status]);
    expect(told[0]).toEqual(['/e', 'ok']);
  });

  it('of a race are all asked at once', async () => {
    await stores.addFault({ store: 'mongo', match: 'find:many', fault: { kind: 'stall' } });
    // As many as may flow.
    const race = { take: 1, queries: [many, many, many, users] };
    const flow = await startFlow(`${services.get(5)!.url}/first-reply`, race, { accept: 'application/x-ndjson' });
    // Nobody had to run out of time before the last one was asked.
    expect((await flow.rest()).at(-1)).toMatchObject({ event: 'end', complete: true, counts: { ok: 1, error: 0 } });
  });
});

describe('bodies that are not read yet keep no place from the one that is, and have their own time', () => {
  const text = (path: unknown, more: object = {}) => ({ source: 'scripted', op: 'get', params: { path }, ...more });
  const late = { ...text('/late/200', { as: 'late', hidden: true, select: '' }) };
  const long = (name: string) => text(`/${name}/0/${LONG_MS}`);
  const after = text([{ $result: '/late' }, '0', String(LONG_MS)]);

  // Each has a service of its own: its bodies would have the places of the others'.
  it.concurrent.each([
    [1, '/ordered', 'one after the other', [long('a'), long('b')]],
    [1, '/first-reply', 'beside each other', [long('a'), long('b')]],
    [1, '/ordered', 'after one that is late', [late, after, long('a')]],
    [2, '/ordered', 'after two that are late', [late, after, after, long('a'), long('b')]],
    [
      1,
      '/first-reply',
      'of races',
      [1, 2].map(() => ({ pattern: 'first-reply', take: 2, queries: [long('a'), long('b')] })),
    ],
  ])('of %i: %s, %s', async (concurrency, path, _, queries) => {
    const service = await serviceOf(concurrency);
    try {
      const answer = await askBytes(service.url + path, bodyOf(path, queries), 'application/zip');
      expect([...(await unpack('unzip', await answer.read())).keys()]).not.toContain('_INCOMPLETE.json');
    } finally {
      await service.close();
    }
  });

  it('of 1: items that refer to something, which is there long before their turn', async () => {
    const each = text([{ $item: '' }, '0', '300']);
    const body = {
      timeoutMs: TIMEOUT_MS,
      queries: [late, { ...each, forEach: Array.from({ length: 5 }, () => ({ $result: '/late' })), concurrency: 1 }],
    };
    const answer = await askBytes(`${services.get(2)!.url}/ordered`, body, 'application/zip');
    expect([...(await unpack('unzip', await answer.read())).keys()]).not.toContain('_INCOMPLETE.json');
  });

  it('of 20: items of a forEach, of which no more than its concurrency ask at a time', async () => {
    const item = { pattern: 'kv', queries: { said: text('/said/50', { select: '' }), body: text('/body/50') } };
    const queries = [{ forEach: Array.from({ length: 10 }, (_, at) => at), concurrency: 2, ...item }];
    most = running;
    const answer = await askBytes(`${services.get(20)!.url}/ordered`, { queries }, 'application/zip');
    expect((await unpack('unzip', await answer.read())).size).toBe(20);
    // Two that ask, beside two bodies that are open.
    expect(most).toBeLessThanOrEqual(4);
  });

  it('of 1: objects, whose beginnings are read ahead', async () => {
    const object = (key: unknown) => ({ source: 'files', op: 'getObject', params: { key } });
    const queries = [object('large.bin'), object({ $join: [{ $result: '/late' }, '.bin'] }), late];
    const answer = await askBytes(`${services.get(1)!.url}/ordered`, { queries }, 'application/zip');
    // The client takes its time.
    await pause(LONG_MS);
    expect([...(await unpack('unzip', await answer.read())).keys()]).toEqual(['0.bin', '1.bin']);
  });
});
