import { request } from 'undici';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { startFlow, type Flow, type Frame } from '../flow.ts';
import { assemble, timeless } from '../assemble.ts';
import { type Body, type Service, startService, until } from '../service.ts';

const NDJSON = 'application/x-ndjson';
const SSE = 'text/event-stream';

const get = (path: unknown, query = {}) => ({ source: 'catalog', op: 'get', params: { path, query } });
const stock = get('/stock/B-101');
const slow = (ms: number) => get('/slow', { ms });
const missing = get('/products/none');
/** A race in which one is not waited for. */
const TAKEN = { pattern: 'first-reply', take: 2, queries: [stock, get('/stock/B-102'), slow(1000)] };
const users = {
  source: 'shop',
  op: 'find',
  params: { collection: 'users', sort: { _id: 1 }, projection: { name: 1 } },
};
const skus = {
  source: 'shop',
  op: 'distinct',
  params: { collection: 'products', key: 'sku', filter: { category: 'science' } },
};
const each = { forEach: { $result: '/skus' }, ...get(['stock', { $item: '' }]) };

const many = (limit: number) => ({
  source: 'shop',
  op: 'find',
  params: { collection: 'many', sort: { _id: 1 }, limit, batchSize: 50 },
  stream: true,
});

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.load(
    'shop',
    'many',
    Array.from({ length: 5000 }, (_, at) => ({ _id: at, text: 'x'.repeat(500) })),
  );
  service = await startService({
    stores,
    sources: { shop: { collections: ['users', 'products', 'orders', 'reviews', 'many'] } },
  });
  await service.kv({ users, stock });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(() => stores.clearFaults());

const flow = (path: string, body: object, headers: Record<string, string> = {}) =>
  startFlow(service.url + path, body, { accept: NDJSON, ...headers });
const paths = (frames: readonly Frame[]) => frames.map((frame) => frame['path']);
const all = async (path: string, body: object, headers?: Record<string, string>) => {
  const running = await flow(path, body, headers);
  const frames = await running.rest();
  expect(frames.at(-1)?.event).toBe('end');
  return { frames: frames.slice(0, -1), end: frames.at(-1) as Frame, headers: running.headers };
};

describe('frames', () => {
  it('leave as soon as their reply is there: the first within 50 ms of the store’s', { retry: 3 }, async () => {
    for (const accept of [NDJSON, SSE]) {
      const began = performance.now();
      const running = await flow('/kv', { queries: { late: slow(600), early: slow(60) } }, { accept });
      const first = await running.next();
      const took = performance.now() - began;
      expect(first).toMatchObject({ event: 'reply', path: '/early', status: 'ok', value: { ms: 60 } });
      expect(took - (first?.['ms'] as number)).toBeLessThan(50);
      expect(paths(await running.rest())).toEqual(['/late', undefined]);
    }
  });

  it('come in order of arrival under kv and first-reply, in the order asked under ordered', async () => {
    const queries = [slow(120), slow(10), slow(60)];
    expect(paths((await all('/first-reply', { queries })).frames)).toEqual(['/1', '/2', '/0']);
    expect(paths((await all('/kv', { queries: { a: queries[0], b: queries[1], c: queries[2] } })).frames)).toEqual([
      '/b',
      '/c',
      '/a',
    ]);
    expect(paths((await all('/ordered', { queries })).frames)).toEqual(['/0', '/1', '/2']);
  });

  it('go depth first under ordered, a group’s own frame after its members’', async () => {
    const queries = [
      { pattern: 'ordered', queries: [slow(60), { pattern: 'kv', queries: { x: slow(30) } }] },
      stock,
      { ...skus, as: 'skus' },
      { ...each, forEach: { $result: '/skus' } },
    ];
    const { frames } = await all('/ordered', { queries });
    expect(paths(frames)).toEqual(['/0/0', '/0/1/x', '/0/1', '/0', '/1', '/2', '/3/0', '/3/1', '/3/2', '/3']);
    expect(frames.find((frame) => frame['path'] === '/0')).toMatchObject({
      status: 'ok',
      count: 2,
      ms: expect.any(Number),
    });
    expect(frames.find((frame) => frame['path'] === '/3')).toMatchObject({ status: 'ok', count: 3 });
    expect(frames.find((frame) => frame['path'] === '/0')).not.toHaveProperty('replies');
  });

  it('are one line each, whatever the store’s JSON looks like', async () => {
    const { frames } = await all('/kv', { queries: { a: get('/echo', { text: 'a\nb\r\nc' }) } });
    expect((frames[0] as Body).value.query.text).toBe('a\nb\r\nc');
  });

  it('of a list carry the name given', async () => {
    const { frames } = await all('/ordered', { queries: [{ ...stock, as: 'mine' }, stock] });
    expect(frames).toMatchObject([{ path: '/0', as: 'mine' }, { path: '/1' }]);
    expect(frames[1]).not.toHaveProperty('as');
  });

  it('of a group with select, default or a nested take: 1 are that one alone', async () => {
    const { frames } = await all('/kv', {
      queries: {
        selected: { pattern: 'kv', select: { count: '/a/count' }, queries: { a: stock } },
        defaulted: { pattern: 'kv', default: 1, queries: { a: { ...missing, required: true } } },
        raced: { pattern: 'first-reply', take: 1, queries: [slow(5000), stock] },
      },
    });
    expect(new Set(paths(frames))).toEqual(new Set(['/defaulted', '/raced', '/selected']));
    const byPath = Object.fromEntries(frames.map((frame) => [frame['path'], frame]));
    expect(byPath['/selected']).toMatchObject({ status: 'ok', value: { count: 12 } });
    expect(byPath['/defaulted']).toMatchObject({
      status: 'ok',
      value: 1,
      defaulted: true,
      error: { code: 'NOT_FOUND' },
    });
    expect(byPath['/raced']).toMatchObject({ status: 'ok', value: { count: 12 }, winner: 1 });
  });

  it('below a take wait until a member has settled, and the rest is counted as cancelled', async () => {
    const group = { pattern: 'ordered', queries: [slow(10), slow(50)] };
    const { frames, end } = await all('/first-reply', { take: 2, queries: [group, slow(5000), slow(100)] });
    expect(paths(frames)).toEqual(['/0/0', '/0/1', '/0', '/2']);
    expect(end).toMatchObject({ complete: true, counts: { ok: 3, error: 0, skipped: 0, cancelled: 1 } });
  });

  it('leave a hidden reply out, unless it failed', async () => {
    const { frames } = await all('/kv', {
      queries: { a: { ...stock, hidden: true }, b: { ...missing, hidden: true }, c: stock },
    });
    expect(new Set(paths(frames))).toEqual(new Set(['/b', '/c']));
  });
});

describe('the end', () => {
  it('counts replies, not what closes a group, and tells whether it is complete', async () => {
    const { end } = await all('/kv', {
      queries: {
        ok: stock,
        bad: missing,
        skipped: get(['x', { $result: '/bad/sku' }]),
        chosen: { ...stock, when: false },
        group: { pattern: 'ordered', queries: [stock, missing] },
        skus,
        each,
      },
    });
    expect(end).toEqual({
      event: 'end',
      complete: false,
      counts: { ok: 6, error: 2, skipped: 2, cancelled: 0 },
      ms: expect.any(Number),
    });
  });

  it.each([
    ['shown', {}, 1],
    ['hidden', { hidden: true }, 0],
    ['hidden, but partial', { hidden: true, queries: [stock, missing, TAKEN] }, 1],
  ])('counts as cancelled what the JSON answer counts so, of a group that is %s', async (_how, own, cancelled) => {
    const group = { pattern: 'ordered', queries: [stock, TAKEN], ...own };
    const json = await service.kv({ group });
    expect(JSON.stringify(json).match(/"cancelled":1\b/g)?.length ?? 0).toBe(cancelled);
    const { end } = await all('/kv', { queries: { group } });
    expect(end).toMatchObject({ complete: json.complete, counts: { cancelled } });
  });

  it('tells the failure of a batch that failed on the way', async () => {
    const { frames, end } = await all('/kv', {
      onError: 'fail',
      queries: { ok: stock, bad: { ...get('/status/500'), when: { $result: '/slow' } }, slow: slow(80) },
    });
    expect(paths(frames)).toContain('/ok');
    expect(end).toMatchObject({ complete: false, error: { code: 'UNAVAILABLE', source: 'catalog' } });
  });

  const nest = (query: object, depth: number): object =>
    depth === 0 ? query : { pattern: 'ordered', queries: [nest(query, depth - 1)] };
  it.each([
    ['onError', { onError: 'fail' }, {}],
    ['a required query', {}, { required: true }],
  ])('is a problem instead where the batch failed before its first frame, by %s', async (_how, own, ofOne) => {
    const queries = { bad: { ...missing, ...ofOne }, slow: slow(5000), deep: nest(slow(5000), 2) };
    const answer = await service.post('/kv', { ...own, queries }, { accept: NDJSON });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('of a group that has failed is not waited for, whatever its queries wait for', async () => {
    const flowing = {
      source: 'shop',
      op: 'find',
      params: { collection: 'products', filter: { sku: { $result: '/late/sku' } } },
      stream: true,
    };
    const group = { pattern: 'kv', queries: { bad: { ...missing, required: true }, flowing } };
    const { frames } = await all('/kv', { queries: { late: slow(400), group } });
    expect(paths(frames).at(-1)).toBe('/late');
    expect(paths(frames)).toContain('/group');
  });

  describe.each([
    ['as it opens', { ...slow(1500), timeoutMs: 60, required: true }],
    ['while it is read', { ...many(5000), required: true }],
  ])('of a group that a required query fails, %s,', (_when, required) => {
    it.each(['kv', 'ordered', 'first-reply'])(
      'comes after all that it has ended, each as it was: %s',
      async (pattern) => {
        await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'cut' } });
        const inner = { pattern: 'ordered', queries: [stock, { pattern: 'kv', queries: { w: slow(1501) } }] };
        const race = { pattern: 'first-reply', queries: [slow(1502), slow(1503)] };
        const each = { forEach: [1504, 1505], ...get('/slow', { ms: { $item: '' } }) };
        const list = [required, inner, each, race];
        const queries = { g: { pattern, queries: pattern === 'kv' ? Object.fromEntries(list.entries()) : list } };
        const frames = await (await flow('/kv', { queries })).rest();
        const replies = frames.filter(({ event }) => event === 'reply');
        const closing = replies.filter((frame) => 'count' in frame);
        expect(paths(closing).map(String).toSorted()).toEqual(['/g', '/g/1', '/g/1/1', '/g/2', '/g/3']);
        expect(paths(replies.filter(({ ms }) => !(Number(ms) > 0)))).toEqual([]);
        const cancelled = replies.filter(
          ({ error, count }) => (error as Body)?.code === 'CANCELLED' && count === undefined,
        );
        expect(paths(cancelled).map(String).toSorted()).toEqual(['/g/1/1/w', '/g/2/0', '/g/2/1', '/g/3/0', '/g/3/1']);
        expect(frames.at(-1)).toMatchObject({ counts: { ok: 1, error: 1, skipped: 0, cancelled: 5 } });
      },
    );
  });

  it('comes at the deadline, with what has not come by then', { retry: 3 }, async () => {
    const began = performance.now();
    const { frames, end } = await all('/kv', { timeoutMs: 150, queries: { a: stock, b: slow(5000) } });
    expect(performance.now() - began).toBeLessThan(200);
    expect(frames).toMatchObject([{ path: '/a' }, { path: '/b', status: 'error', error: { code: 'TIMEOUT' } }]);
    expect(end).toMatchObject({ complete: false, counts: { ok: 1, error: 1 } });
  });

  it('comes for no queries too', async () => {
    const { frames, end } = await all('/kv', { queries: {} });
    expect(frames).toEqual([]);
    expect(end).toMatchObject({ complete: true, counts: { ok: 0, error: 0, skipped: 0, cancelled: 0 } });
  });
});

describe('frames put together give the JSON answer', () => {
  const nested = {
    users,
    missing,
    after: get(['x', { $result: '/missing/sku' }]),
    skus: { ...skus, hidden: true },
    each: { ...each, concurrency: 1 },
    empty: { ...each, forEach: { $result: '/none' } },
    none: {
      source: 'shop',
      op: 'distinct',
      params: { collection: 'products', key: 'sku', filter: { category: 'none' } },
    },
    group: {
      pattern: 'ordered',
      queries: [
        stock,
        { pattern: 'kv', queries: { a: stock, b: missing, c: { ...stock, when: 0 } } },
        { pattern: 'ordered', queries: [] },
      ],
    },
    bare: { pattern: 'kv', queries: {} },
    // The one that is required comes last, so that it cancels nothing.
    failed: {
      pattern: 'kv',
      queries: { a: missing, b: { ...missing, required: true, when: { $result: '/c' } }, c: slow(40) },
    },
    hiddenPartial: {
      pattern: 'kv',
      hidden: true,
      queries: { a: missing, b: stock, c: { ...stock, hidden: true } },
    },
    hiddenFailed: {
      pattern: 'ordered',
      hidden: true,
      queries: [missing, { pattern: 'kv', queries: { a: missing } }],
    },
    hiddenEach: { forEach: ['B-101', 'none'], hidden: true, concurrency: 1, ...get(['products', { $item: '' }]) },
    hiddenOk: { pattern: 'kv', hidden: true, queries: { a: stock } },
    hiddenOne: { ...missing, hidden: true },
    selected: { pattern: 'kv', select: { n: '/a/count' }, queries: { a: stock } },
    raced: { pattern: 'first-reply', take: 1, queries: [missing, stock] },
    defaulted: { ...missing, default: { none: true } },
    groups: {
      forEach: { $result: '/skus' },
      // In two batches alike, what runs at once may arrive in another order.
      concurrency: 1,
      pattern: 'kv',
      queries: { stock: get(['stock', { $item: '' }]), again: get(['stock', { $result: '/stock/sku' }]) },
    },
    __proto__: undefined,
  };
  const { __proto__: _, ...queries } = nested;
  const requests: [string, string, Body][] = [
    ['kv', '/kv', { queries }],
    [
      'kv with strange keys',
      '/kv',
      JSON.parse(
        `{"queries":{"__proto__":${JSON.stringify(stock)},"a/b~c":${JSON.stringify(stock)},"":${JSON.stringify(stock)},"0":${JSON.stringify(stock)}}}`,
      ),
    ],
    [
      'ordered',
      '/ordered',
      {
        queries: [
          stock,
          { ...missing, as: 'gone' },
          { pattern: 'kv', queries: { a: stock, s: skus, each: { ...each, forEach: { $result: '/s' } } } },
        ],
      },
    ],
    [
      'kv, all of it named',
      '/kv',
      {
        queries: {
          '0': { ...stock, as: 'one.json' },
          gone: { ...missing, as: 'gone.json' },
          key: { ...stock, as: { $join: ['key', '.json'] } },
          left: { ...stock, as: 'left.json', when: false },
          each: { forEach: ['B-101'], as: { $item: '' }, ...get(['stock', { $item: '' }]) },
          raced: { pattern: 'first-reply', take: 1, as: 'raced.json', queries: [{ ...stock, as: 'winner' }] },
          keyed: { pattern: 'kv', as: 'keyed', queries: { a: { ...stock, as: 'a.json' } } },
          listed: {
            pattern: 'ordered',
            as: 'listed',
            queries: [
              { ...stock, as: 'b.json' },
              { pattern: 'kv', as: 'below', queries: { c: { ...stock, as: 'c.json' } } },
            ],
          },
        },
      },
    ],
    [
      'first-reply',
      '/first-reply',
      { queries: [slow(40), stock, { pattern: 'ordered', queries: [slow(80), missing] }] },
    ],
    [
      'first-reply with take',
      '/first-reply',
      { take: 2, queries: [slow(5000), { pattern: 'ordered', queries: [slow(90), missing, stock] }, slow(20), stock] },
    ],
  ];

  it.each(requests)('%s', async (_name, path, body) => {
    const json = (await service.post(path, body)).json();
    for (const accept of [NDJSON, SSE]) {
      const { frames, end } = await all(path, body, { accept });
      expect(assemble(frames, path === '/kv', end)).toEqual(timeless(json));
      for (const frame of frames) expect(frame).not.toHaveProperty('replies');
    }
  });
});

describe('a query with stream', () => {
  it('sends an item at a time and closes with their number', async () => {
    const { frames, end } = await all('/kv', { queries: { users: { ...users, stream: true }, stock } });
    const items = frames.filter((frame) => frame.event === 'item');
    expect(items.map((item) => item['index'])).toEqual([0, 1, 2, 3, 4]);
    for (const item of items)
      expect(item).toEqual({
        event: 'item',
        path: '/users',
        index: item['index'],
        value: expect.objectContaining({ name: expect.any(String) }),
      });
    const closing = frames.find((frame) => frame.event === 'reply' && frame['path'] === '/users');
    expect(closing).toMatchObject({ status: 'ok', items: 5 });
    expect(closing).not.toHaveProperty('value');
    expect(end).toMatchObject({ complete: true, counts: { ok: 2 } });
  });

  it('gives the same items as the gathered answer, for find and aggregate', async () => {
    const aggregate = {
      source: 'shop',
      op: 'aggregate',
      params: { collection: 'orders', pipeline: [{ $sort: { number: 1 } }, { $project: { total: 1, tracking: 1 } }] },
    };
    for (const query of [users, aggregate]) {
      const { results } = await service.kv({ a: query });
      const { frames } = await all('/kv', { queries: { a: { ...query, stream: true } } });
      expect(frames.filter(({ event }) => event === 'item').map((frame) => frame['value'])).toEqual(results.a.value);
    }
  });

  it('is gathered by the other encodings, and by a reader within the batch refused', async () => {
    const { results } = await service.kv({ users: { ...users, stream: true } });
    expect(results.users.value).toHaveLength(5);
    const refused = await service.post(
      '/kv',
      { queries: { users: { ...users, stream: true }, x: get(['x', { $result: '/users/0/name' }]) } },
      { accept: NDJSON },
    );
    expect(refused.status).toBe(400);
  });

  it('is not bound by maxDocuments, nor by the batch’s deadline once it flows', async () => {
    const small = await startService({
      stores,
      sources: { shop: { collections: ['many'], maxDocuments: 10, unique: {} } },
    });
    const running = await startFlow(
      `${small.url}/kv`,
      { timeoutMs: 300, queries: { many: many(5000) } },
      { accept: NDJSON },
    );
    let items = 0;
    await running.next();
    await new Promise((resolve) => setTimeout(resolve, 350));
    const frames = await running.rest();
    items = 1 + frames.filter(({ event }) => event === 'item').length;
    expect(items).toBe(5000);
    expect(frames.at(-2)).toMatchObject({ event: 'reply', status: 'ok', items: 5000 });
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: true });
    await small.close();
  });

  it('that breaks on the way closes with an error and the number so far', async () => {
    const running = await flow('/kv', { queries: { many: many(5000) } });
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'cut' } });
    const frames = await running.rest();
    const items = frames.filter(({ event }) => event === 'item').length;
    expect(frames.at(-2)).toMatchObject({
      event: 'reply',
      path: '/many',
      status: 'error',
      items,
      error: { source: 'shop', retryable: true },
    });
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: false, counts: { error: 1 } });
  });

  it.each([
    ['the batch', (queries: object) => queries],
    ['the group', (queries: object) => ({ group: { pattern: 'kv', queries } })],
  ])('that breaks where %s requires it ends at once what still runs', async (_whose, inside) => {
    const began = performance.now();
    const queries = inside({ many: { ...many(5000), required: true }, slow: slow(1500) });
    const running = await flow('/kv', { timeoutMs: 1900, queries });
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'cut' } });
    const frames = await running.rest();
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: false, counts: { error: 1, cancelled: 1 } });
    expect(performance.now() - began).toBeLessThan(1400);
  });

  it('is part of the time of what it stands in', async () => {
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'delay', ms: 60 } });
    const list = many(100);
    const inner = { pattern: 'kv', queries: { list } };
    const queries = { each: { ...list, forEach: [1] }, group: { pattern: 'ordered', queries: [inner] } };
    const frames = await (await startFlow(`${service.url}/kv`, { queries }, { accept: NDJSON })).rest();
    const took = Object.fromEntries(frames.filter(({ event }) => event === 'reply').map(({ path, ms }) => [path, ms]));
    expect(Object.keys(took).toSorted()).toEqual(['/each', '/each/0', '/group', '/group/0', '/group/0/list']);
    expect(Math.min(...Object.values(took).map(Number))).toBeGreaterThan(55);
  });

  it('that breaks after it has won is not complete', async () => {
    const running = await flow('/first-reply', { take: 1, queries: [many(5000), slow(1500)] });
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'cut' } });
    expect((await running.rest()).at(-1)).toMatchObject({ event: 'end', complete: false, counts: { error: 1 } });
  });

  it.each([NDJSON, SSE])('closes its cursor when the client leaves in the middle: %s', async (accept) => {
    const running = await flow('/kv', { queries: { many: many(5000), slow: slow(5000) } }, { accept });
    for (let count = 0; count < 3; count += 1) expect((await running.next())?.event).toBe('item');
    expect((await stores.stats()).mongo.cursors).toBe(1);
    running.leave();
    await until(async () => {
      const { mongo, rest } = await stores.stats();
      return mongo.cursors === 0 && rest.running === 0;
    }, 'the cursor is closed');
  });

  it('gives its place back when the client leaves, also where nobody had come to read it', async () => {
    const narrow = await startService({
      stores,
      sources: { shop: { collections: ['many'], unique: {}, concurrency: 2, queue: 0 } },
    });
    const lists = [slow(5000), many(5000), many(5000)];
    for (const path of ['/ordered', '/first-reply', '/ordered']) {
      const running = await startFlow(
        `${narrow.url}${path}`,
        { queries: path === '/ordered' ? [stock, ...lists] : lists },
        { accept: NDJSON },
      );
      await running.next();
      const open = path === '/ordered' ? 1 : 2;
      await until(async () => (await stores.stats()).mongo.cursors === open, 'the lists are open');
      running.leave();
      await until(async () => (await stores.stats()).mongo.cursors === 0, 'both cursors are closed');
      // The store has closed them before codap hears of it.
      await until(async () => {
        const { sources } = (await narrow.get('/sources')).json();
        return sources.find(({ name }: { name: string }) => name === 'shop').layers.limit.running === 0;
      }, 'both places are free');
    }
    await narrow.close();
  });

  it('reads no more than the client takes', async () => {
    const before = (await stores.stats()).mongo.commands['getMore'] ?? 0;
    const body = JSON.stringify({
      queries: { many: many(5000), again: many(5000), more: many(5000), most: many(5000) },
    });
    const response = await request(`${service.url}/kv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: NDJSON },
      body,
    });
    await until(async () => ((await stores.stats()).mongo.commands['getMore'] ?? 0) > before);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 400 pages in all; whatever the sockets between hold, it is not that much.
    const read = ((await stores.stats()).mongo.commands['getMore'] ?? 0) - before;
    response.body.on('error', () => {}).destroy();
    expect(read).toBeLessThan(390);
    await until(async () => (await stores.stats()).mongo.cursors === 0);
  });
});

describe('server-sent events', () => {
  it('are numbered, and named by their event', async () => {
    const answer = await service.post('/ordered', { queries: [stock, missing] }, { accept: SSE });
    expect(answer.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(answer.headers['cache-control']).toBe('no-store');
    const events = answer.text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'));
    const read = events.map((event) => event.split('\n').map((line) => line.replace(/: .*/, '')));
    for (const names of read) expect(names).toEqual(['event', 'id', 'data']);
    expect(read).toHaveLength(3);
    expect(events.map((event) => event.split('\n').slice(0, 2))).toEqual([
      ['event: reply', 'id: 1'],
      ['event: reply', 'id: 2'],
      ['event: end', 'id: 3'],
    ]);
  });

  it('are not begun anew by a client that comes back: 204', async () => {
    for (const path of ['/kv', '/ordered', '/first-reply']) {
      const back = await service.get(path, { accept: SSE, 'last-event-id': '3' });
      expect([back.status, back.text, back.headers['cache-control']]).toEqual([204, '', 'no-store']);
      const plain = await service.get(path, { accept: SSE });
      expect(plain.status).toBe(405);
      expect(plain.headers['allow']).toBe('POST');
    }
    expect((await service.get('/nowhere', { accept: SSE, 'last-event-id': '3' })).status).toBe(404);
  });

  it.each([undefined, '*/*', 'application/json', `application/x-ndjson, ${SSE};q=0.9`])(
    'alone come back: a GET with Last-Event-ID for %s is as any other',
    async (accept) => {
      const headers = { 'last-event-id': '3', ...(accept !== undefined && { accept }) };
      for (const path of ['/kv', '/ordered', '/first-reply']) {
        const { status, headers: told } = await service.get(path, headers);
        expect([status, told['allow']]).toEqual([405, 'POST']);
      }
    },
  );
});

describe('compression', () => {
  it.each([
    ['br', 'gzip, deflate, br, zstd'],
    ['br', '*'],
    ['br', 'gzip;q=0.5, br;q=0.5'],
    ['gzip', 'br;q=0.5, gzip'],
    ['gzip', 'gzip, br;q=0, *'],
    ['gzip', 'br;q=0, *;q=0.1'],
  ])('is by %s for %s', async (coding, accepted) => {
    const running = await flow('/kv', { queries: {} }, { 'accept-encoding': accepted });
    expect(running.headers['content-encoding']).toBe(coding);
    await running.rest();
  });

  it.each([
    ['gzip', createGunzip],
    ['br', createBrotliDecompress],
  ] as const)('%s is flushed frame by frame', async (coding, decompressor) => {
    const began = performance.now();
    const queries = { early: slow(30), late: slow(700) };
    const running: Flow = await flow('/kv', { queries }, { 'accept-encoding': coding });
    expect(running.headers['content-encoding']).toBe(coding);
    expect(decompressor).toBeTypeOf('function');
    expect(await running.next()).toMatchObject({ path: '/early' });
    expect(performance.now() - began).toBeLessThan(400);
    expect(paths(await running.rest())).toEqual(['/late', undefined]);
  });

  it('is left out where the client refuses it, and told to caches', async () => {
    const running = await flow('/kv', { queries: { stock } }, { 'accept-encoding': 'identity' });
    expect(running.headers).not.toHaveProperty('content-encoding');
    expect(running.headers['vary']).toMatch(/accept-encoding/i);
    expect(running.headers['content-type']).toMatch(/^application\/x-ndjson/);
    await running.rest();
  });
});
