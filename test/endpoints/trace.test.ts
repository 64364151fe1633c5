import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { checkTraces } from '../batch/traces.ts';
import { startFlow } from '../flow.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { asked, type Body, type Service, startService } from '../service.ts';

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** The answer to the first request of that store, which a test gives. */
const failing = Promise.withResolvers<ServerResponse>();
beforeAll(async () => {
  stores = await startStores();
  let asked = 0;
  store = await startScripted((_path, response) => {
    if (asked++ === 0) failing.resolve(response);
    else response.setHeader('content-type', 'application/json').end('1');
  });
  const catalog = { concurrency: 1, queue: 0 };
  service = await startService({
    stores,
    sources: {
      narrow: { adapter: 'rest', url: `${stores.restUrl}/`, ...catalog },
      failing: { adapter: 'rest', url: store.url },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});
afterEach(() => stores.clearFaults());

const MS = expect.any(Number) as number;
const stock = (path: unknown, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
const slow = (ms: number, more: object = {}) => stock('/slow', { params: { path: '/slow', query: { ms } }, ...more });
const book = { source: 'shop', op: 'findOne', params: { collection: 'products', filter: { sku: 'B-101' } } };
const queries = {
  book,
  stock: stock(['stock', { $result: '/book/sku' }]),
  late: slow(1500, { timeoutMs: 25 }),
  lost: stock(['stock', { $result: '/late' }]),
  chosen: stock('/stock/B-101', { when: false }),
  // Other stocks, or what is under way would be shared.
  each: stock(['stock', { $item: '' }], { forEach: ['B-102', 'B-103'], concurrency: 1 }),
  race: { pattern: 'first-reply', take: 1, queries: [slow(1600), stock('/stock/B-104')] },
};

const FRAMED = ['application/x-ndjson', 'text/event-stream'];

describe('a traced batch', () => {
  it('is told by JSON', async () => {
    const { complete, results, trace } = (await service.post('/kv', { trace: true, queries })).json();
    checkTraces({ queries }, { results, trace });
    expect(complete).toBe(false);
    expect(trace).toEqual({ plannedMs: MS, ms: MS });
    expect(results.stock.trace).toEqual({
      queued: MS,
      started: MS,
      ended: MS,
      attempts: [{ started: MS, ended: MS }],
      after: ['book'],
    });
    expect(results.late.trace.attempts).toEqual([{ started: MS, ended: MS, code: 'TIMEOUT' }]);
    expect(results.lost.trace).toMatchObject({ attempts: [], after: ['late'] });
    expect(results.race.trace.members).toMatchObject([
      { path: '/race/0', status: 'error', code: 'CANCELLED', attempts: [{ code: 'CANCELLED' }] },
      { path: '/race/1', status: 'ok', attempts: [{ ended: MS }] },
    ]);
  });

  it.each(FRAMED)('is told by each frame: %s', async (accept) => {
    const flow = await startFlow(`${service.url}/kv`, { trace: true, queries }, { accept });
    const frames = (await flow.rest()) as Body[];
    const end = frames.pop();
    expect(end).toMatchObject({ event: 'end', trace: { plannedMs: MS, ms: MS } });
    expect(end.ms).toBeGreaterThanOrEqual(Math.max(...frames.map(({ ms = 0 }) => ms)));
    const replies = new Map(frames.map((frame) => [frame.path, frame]));
    const paths = [...Object.keys(queries), 'each/0', 'each/1'].map((name) => `/${name}`);
    expect(new Set(replies.keys())).toEqual(new Set(paths));
    const at = (path: string) => replies.get(path);
    const results = Object.fromEntries(Object.keys(queries).map((name) => [name, at(`/${name}`)]));
    results['each'].replies = [0, 1].map((index) => ({ index, ...at(`/each/${index}`) }));
    checkTraces({ queries }, { results, trace: end.trace });
  });

  it.each(FRAMED)('tells of who is hidden in what closes its group: %s', async (accept) => {
    const secret = stock('/stock/B-101', { hidden: true });
    const group = { pattern: 'ordered', queries: [book, secret] };
    const body = { trace: true, queries: { a: secret, b: stock(['stock', { $result: '/a/sku' }]), group } };
    const frames = (await (await startFlow(`${service.url}/kv`, body, { accept })).rest()) as Body[];
    const told = Object.fromEntries(frames.map(({ path, trace }) => [path ?? 'end', trace.members]));
    const member = { status: 'ok', queued: MS, started: MS, ended: MS, after: [] };
    expect(told).toMatchObject({ end: [{ path: '/a', ...member }], '/group': [{ path: '/group/1', ...member }] });
    expect(told['/b']).toBeUndefined();
  });

  it.each(FRAMED)('tells of a list that flows until it was read: %s', async (accept) => {
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'delay', ms: 60 } });
    const list = { source: 'shop', op: 'find', params: { collection: 'products', batchSize: 8 }, stream: true };
    const body = { trace: true, queries: [list, { pattern: 'kv', queries: { list } }] };
    const frames = (await (await startFlow(`${service.url}/ordered`, body, { accept })).rest()) as Body[];
    const [first, inner, group] = frames.filter(({ event }) => event === 'reply');
    for (const { trace } of [first, inner]) {
      expect(trace.attempts).toEqual([{ started: trace.started, ended: MS }]);
      expect(trace.ended - trace.attempts[0].ended).toBeGreaterThan(40);
    }
    expect(inner.path).toBe('/1/list');
    expect(group.trace).toEqual({ queued: MS, ended: MS, after: [] });
    expect(group.trace.ended).toBeGreaterThanOrEqual(inner.trace.ended);
    expect(frames.at(-1).trace.ms).toBeGreaterThanOrEqual(group.trace.ended);
  });

  it.each(FRAMED)('tells of each once, also where a list that breaks ends what is around it: %s', async (accept) => {
    await stores.addFault({ store: 'mongo', match: 'getMore', fault: { kind: 'cut' } });
    const find = { source: 'shop', op: 'find', params: { collection: 'orders', batchSize: 5 }, stream: true };
    const beside = { pattern: 'kv', queries: { slow: slow(1500) } };
    const body = {
      trace: true,
      queries: { g: { pattern: 'kv', queries: { list: { ...find, required: true }, beside } } },
    };
    const flow = await startFlow(`${service.url}/kv`, body, { accept });
    const frames = (await flow.rest()).filter(({ event }) => event === 'reply') as Body[];
    const told = frames.flatMap(({ path, trace }) => [path, ...(trace.members ?? []).map((one: Body) => one.path)]);
    expect(told.toSorted((a, b) => a.localeCompare(b))).toEqual(['/g', '/g/beside', '/g/beside/slow', '/g/list']);
    expect(frames.find(({ path }) => path === '/g')).toMatchObject({ status: 'error' });
  });

  it('tells of nobody else: who was turned away has not left', async () => {
    const narrow = (ms: number) => ({ source: 'narrow', op: 'get', params: { path: '/slow', query: { ms } } });
    const [first, second] = await Promise.all(
      [200, 201].map(async (ms) => (await service.kv({ a: narrow(ms) }, { trace: true })).results.a),
    );
    const [served, refused] = first.status === 'ok' ? [first, second] : [second, first];
    expect(refused).toMatchObject({ status: 'error', error: { code: 'OVERLOADED' } });
    expect(refused.trace).toEqual({ queued: MS, ended: MS, attempts: [], after: [] });
    expect(served.trace.attempts).toEqual([{ started: MS, ended: MS }]);
  });

  it('tells of the attempts of a shared call by who still waits for it once the first has left', async () => {
    const one = { source: 'failing', op: 'get', params: { path: '/one' } };
    const body = { trace: true, queries: { a: { ...one, timeoutMs: 50 }, b: one } };
    const flow = await startFlow(`${service.url}/kv`, body, { accept: 'application/x-ndjson' });
    const left = (await flow.next()) as Body;
    expect(left).toMatchObject({ path: '/a', error: { code: 'TIMEOUT' } });
    expect(left.trace.attempts).toEqual([{ started: left.trace.started }]);
    (await failing.promise).writeHead(503).end();
    const { path, trace } = (await flow.next()) as Body;
    expect([path, trace.shared, trace.attempts]).toEqual(['/b', 'coalesced', [{ started: MS, ended: MS }]]);
    expect(trace.attempts[0].started).toBeGreaterThanOrEqual(left.trace.ended);
    await flow.rest();
  });

  it('answers, but for its traces, what it does untraced', async () => {
    const { late: _late, race: _race, ...steady } = queries;
    const asked = { ...steady, lost: { ...steady.lost, params: { path: '/products/none' } } };
    const untold = (text: string) =>
      JSON.parse(text, (key, value: unknown) => (key === 'ms' || key === 'trace' ? undefined : value));
    const [traced, untraced] = await Promise.all(
      [true, false].map(async (trace) => (await service.post('/kv', { trace, queries: asked })).text),
    );
    expect(untold(traced!)).toEqual(untold(untraced!));
    expect(untraced).not.toContain('"trace"');
  });

  it('that fails says so as any other', async () => {
    const failed = await service.post('/kv', {
      trace: true,
      queries: { a: stock('/none', { required: true }) },
    });
    expect([failed.status, failed.json().code]).toEqual([404, 'NOT_FOUND']);
    const flow = await startFlow(
      `${service.url}/kv`,
      { trace: true, queries: { b: book, a: slow(1000, { required: true, timeoutMs: 300 }) } },
      { accept: 'application/x-ndjson' },
    );
    expect((await flow.rest()).at(-1)).toMatchObject({ error: { code: 'TIMEOUT' }, trace: { plannedMs: MS, ms: MS } });
  });
});

describe('is a 400', () => {
  const pointers = (answer: { json(): Body }) => answer.json().errors.map(({ pointer }: Body) => pointer);

  it.each(['application/zip', 'application/x-tar', 'application/gzip', 'text/csv', 'application/octet-stream'])(
    'where the answer is %s',
    async (accept) => {
      const one =
        accept === 'text/csv'
          ? { ...book, op: 'find' }
          : { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
      const before = await asked(stores);
      const answer = await service.post('/kv', { trace: true, queries: { one } }, { accept });
      expect(answer.status).toBe(400);
      expect(answer.json().errors).toEqual([
        {
          pointer: '#/trace',
          detail: `${accept} shows no replies; allowed with: application/json, application/x-ndjson, text/event-stream`,
        },
      ]);
      expect(await asked(stores)).toBe(before);
      expect((await service.post('/kv', { trace: false, queries: { one } }, { accept })).status).toBe(200);
    },
  );

  it.each([
    ['application/zip, application/json;q=0.5', 400],
    ['application/zip;q=0.5, application/json', 200],
    // What cannot hold the answer is not chosen, traced or not.
    ['text/csv, application/json;q=0.5', 200],
    ['*/*', 200],
  ])('by what Accept comes to without it: %s is %i', async (accept, status) => {
    expect((await service.post('/kv', { trace: true, queries: { book } }, { accept })).status).toBe(status);
  });

  it('elsewhere than at the top, and beside shape "values"', async () => {
    expect(pointers(await service.post('/kv', { queries: { book: { ...book, trace: true } } }))).toEqual([
      '#/queries/book/trace',
    ]);
    expect(pointers(await service.post('/kv', { trace: true, shape: 'values', queries: { book } }))).toEqual([
      '#/trace',
    ]);
    expect(pointers(await service.post('/kv', { trace: 'yes', queries: { book } }))).toEqual(['#/trace']);
  });
});
