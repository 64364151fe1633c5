import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../demo/faults.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { askBytes } from '../endpoints/bytes.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type Service, startService, until } from '../service.ts';

interface Line {
  readonly msg: string;
  readonly ms: number;
}

const group = (queries: object) => ({ pattern: 'kv', queries });
const inOrder = (...queries: object[]) => ({ pattern: 'ordered', queries });

let stores: Stores;
let service: Service;
const lines: Line[] = [];
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'long.bin', 300_000);
  // What is stopped stops because somebody leaves.
  const timeoutMs = 20_000;
  service = await startService({
    stores,
    lines,
    batches,
    server: { timeoutMs },
    sources: { 'pricing-eu': { timeoutMs } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(async () => {
  lines.length = 0;
  await stores.clearFaults();
});

/** How many batches have come to this. */
async function counted(outcome: string, batch = ''): Promise<number> {
  const families = readMetrics((await service.get('/metrics')).text);
  return valueIn(families, 'codap_batches_total', { batch, outcome }) ?? 0;
}

const RAW = 'application/octet-stream';
const long = { source: 'files', op: 'getObject', params: { key: 'long.bin' } };
const race = { pattern: 'first-reply', take: 1, queries: [long] };
const short = { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
const list = { source: 'shop', op: 'find', params: { collection: 'products', batchSize: 8 }, stream: true };

/** What cuts a body once it is open: at once, or each time that what follows its beginning is asked for. */
const CUT: Fault = { kind: 'cut', afterBytes: 100_000 };
const NO_REST: Fault = { kind: 'cut', afterBytes: 70_000 };
const DRIP: Fault = { kind: 'drip', bytesPerSecond: 1e6 };
const LATE: Fault = { kind: 'delay', ms: 100 };

const OF_SLOW = { source: 'pricing-eu' };
const stock = { source: 'catalog', op: 'get', params: { path: '/stock/B-101' } };
const slow = { source: 'pricing-eu', op: 'get', params: { path: '/quote', query: { sku: 'B-101' } } };
const nowhere = { source: 'catalog', op: 'get', params: { path: '/nowhere' } };
const [two, waits] = [
  { forEach: [1, 2], ...slow },
  { ...stock, when: { $result: '/two' } },
];
/** Each has something that is there at once, so that its answer begins; most have something that is not. */
const batches = {
  one: group({ stock }),
  bytes: group({ long }),
  beside: group({ stock, slow }),
  required: group({ stock, slow: { ...slow, required: true } }),
  deep: group({ stock, g: group({ slow: { ...slow, required: true }, two }), two, waits }),
  fast: { ...group({ stock, slow }), onError: 'fail' },
  lacking: inOrder(nowhere, stock, slow),
  defaulted: inOrder({ ...nowhere, default: 0 }, stock, slow),
};

const WHOLE = { status: 'ok', complete: true, failures: 0 };
const FAILED = { status: 'error', complete: false, failures: 1, failed: 'UNAVAILABLE' };

it.each([
  ['application/zip', { long, short }, 'GetObject long', NO_REST, { status: 'partial', complete: false, failures: 1 }],
  ['application/zip', { g: group({ long }) }, 'GetObject long', NO_REST, { status: 'error', complete: false }],
  ['application/x-tar', { long }, 'GetObject long', NO_REST, { status: 'error', complete: false, failures: 1 }],
  [RAW, { long }, 'GetObject long', CUT, FAILED],
  [RAW, { race }, 'GetObject long', CUT, FAILED],
  ['application/zip', { long }, 'GetObject long', DRIP, WHOLE],
  [RAW, { long }, 'GetObject long', DRIP, WHOLE],
  [RAW, { race }, 'GetObject long', DRIP, WHOLE],
  ['application/x-ndjson', { list }, 'getMore', LATE, WHOLE],
  ['text/event-stream', { g: group({ list }) }, 'getMore', LATE, WHOLE],
] as const)('a batch is logged and counted as it ended: %s %j', async (accept, queries, match, fault, told) => {
  await stores.addFault({ store: match === 'getMore' ? 'mongo' : 's3', match, fault });
  const outcome = 'failed' in told ? 'failed' : told.complete ? 'complete' : 'incomplete';
  const before = await counted(outcome);
  const began = performance.now();
  const answer = await askBytes(`${service.url}/kv`, { queries }, accept);
  expect(answer.headers['content-type']).toContain(accept);
  expect(await answer.ends()).toBe('failed' in told ? 'cut' : 'whole');
  await until(() => lines.some(({ msg }) => msg === 'batch'), 'it is logged');
  const line = lines.find(({ msg }) => msg === 'batch')!;
  expect(line).toMatchObject(told);
  expect(line).not.toHaveProperty('left');
  if (fault !== CUT && fault !== NO_REST) expect(line.ms).toBeGreaterThan(95);
  expect(line.ms).toBeLessThan(performance.now() - began);
  await until(async () => (await counted(outcome)) === before + 1, `it is counted as ${outcome}`);
});

describe.each(['ndjson', 'sse', 'zip', 'tar', 'tar.gz'])('of a saved batch that is answered as %s', (ending) => {
  it.each([
    ['one', WHOLE],
    ['beside', WHOLE],
    ['required', WHOLE],
    ['deep', WHOLE],
    ['fast', WHOLE],
    ['lacking', { complete: false, failures: 1 }],
    ['defaulted', { complete: false, failures: 0 }],
  ] as const)('HEAD is logged and counted by what there was when it was answered: %s', async (batch, told) => {
    const faults = [
      ['GET /eu/quote', 1000],
      ['GET /catalog/stock', 30],
    ] as const;
    for (const [match, ms] of faults) await stores.addFault({ store: 'rest', match, fault: { kind: 'delay', ms } });
    const outcome = told.complete ? 'complete' : 'incomplete';
    const before = await counted(outcome, batch);
    const { status } = await service.get(`/batches/${batch}.${ending}`, {}, 'HEAD');
    expect(status).toBe(200);
    await until(() => lines.some(({ msg }) => msg === 'batch'), 'it is logged');
    const line = lines.find(({ msg }) => msg === 'batch')!;
    expect(line).toMatchObject(told);
    expect(line).not.toHaveProperty('left');
    expect(line).not.toHaveProperty('failed');
    await until(async () => (await counted(outcome, batch)) === before + 1, `it is counted as ${outcome}`);
  });
});

it.each(['required', 'beside', 'deep'])(
  'a batch is counted as cancelled where its client leaves: %s',
  async (batch) => {
    await stores.addFault({ store: 'rest', match: 'GET /eu/quote', fault: { kind: 'stall' } });
    const before = await counted('cancelled', batch);
    const leaving = new AbortController();
    const asked = fetch(`${service.url}/batches/${batch}`, { signal: leaving.signal });
    const running = async () =>
      valueIn(readMetrics((await service.get('/metrics')).text), 'codap_source_running', OF_SLOW);
    await until(async () => ((await running()) ?? 0) > 0, 'it runs');
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(() => lines.some(({ msg }) => msg === 'batch'), 'it is logged');
    const line = lines.find(({ msg }) => msg === 'batch')!;
    expect(line).toMatchObject({ complete: false, left: true });
    expect(line).not.toHaveProperty('failed');
    await until(async () => (await counted('cancelled', batch)) === before + 1, 'it is counted as cancelled');
  },
);

const SLOW_DRIP: Fault = { kind: 'drip', bytesPerSecond: 4e5 };
const CUT_SHORT = { status: 'error', complete: false, left: true };
const IN_PART = { ...CUT_SHORT, status: 'partial' };

it.each([
  [RAW, { long }, 'GetObject long', CUT_SHORT],
  [RAW, { race }, 'GetObject long', CUT_SHORT],
  ['application/zip', { long }, 'GetObject long', CUT_SHORT],
  ['application/zip', { race }, 'GetObject long', CUT_SHORT],
  ['application/zip', { short, long }, 'GetObject long', IN_PART],
  ['application/x-tar', { long }, 'GetObject long', CUT_SHORT],
  ['application/x-ndjson', { list }, 'getMore', CUT_SHORT],
  ['application/x-ndjson', { g: group({ list }) }, 'getMore', CUT_SHORT],
  ['application/x-ndjson', { stock, list }, 'getMore', IN_PART],
  ['application/x-ndjson', { stock, g: group({ stock, list }) }, 'getMore', IN_PART],
  ['text/event-stream', { list }, 'getMore', CUT_SHORT],
  ['text/event-stream', { a: { forEach: [1], ...list } }, 'getMore', CUT_SHORT],
] as const)('a batch whose client leaves while something flows is logged alike: %s %j', async (...asked) => {
  const [accept, queries, match, told] = asked;
  const fault: Fault = match === 'getMore' ? { kind: 'delay', ms: 1000 } : SLOW_DRIP;
  await stores.addFault({ store: match === 'getMore' ? 'mongo' : 's3', match, fault });
  const before = await counted('cancelled');
  const answer = await askBytes(`${service.url}/kv`, { queries }, accept);
  await once(answer.body, 'readable');
  answer.leave();
  await until(() => lines.some(({ msg }) => msg === 'batch'), 'it is logged');
  const line = lines.find(({ msg }) => msg === 'batch')!;
  expect(line).toMatchObject({ ...told, failures: 0 });
  expect(line).not.toHaveProperty('failed');
  await until(async () => (await counted('cancelled')) === before + 1, 'it is counted as cancelled');
});

it.each<[number, string, string, Record<string, string>]>([
  [406, 'GET', 'one.csv', {}],
  [412, 'GET', 'one', { 'if-match': '"x"' }],
  [412, 'HEAD', 'one', { 'if-match': '"x"' }],
  [412, 'GET', 'one.ndjson', { 'if-match': '"x"' }],
  [412, 'GET', 'one.zip', { 'if-match': '"x"' }],
  [412, 'GET', 'bytes.bin', { 'if-match': '"x"' }],
  [412, 'HEAD', 'bytes.bin', { 'if-match': '"x"' }],
])('a batch that comes to a %i is logged and counted as one that was not answered: %s %s', async (...asked) => {
  const [refusal, method, path, headers] = asked;
  const [batch] = path.split('.');
  const before = await counted('invalid', batch);
  const { status } = await service.get(`/batches/${path}`, headers, method);
  expect(status).toBe(refusal);
  await until(() => lines.some(({ msg }) => msg === 'batch'), 'it is logged');
  const line = lines.find(({ msg }) => msg === 'batch')!;
  expect(line).toMatchObject({ status: 'error', complete: false, failures: 0 });
  expect(line).not.toHaveProperty('left');
  expect(line).not.toHaveProperty('failed');
  await until(async () => (await counted('invalid', batch)) === before + 1, 'it is counted as invalid');
});

describe('a batch that is not planned by its deadline', () => {
  const late: Line[] = [];
  let hurried: Service;
  beforeAll(async () => {
    hurried = await startService({ stores, lines: late, server: { timeoutMs: 1, mcp: true } });
  });
  afterAll(() => hurried.close());
  afterEach(() => late.splice(0));

  const accept = 'application/json, text/event-stream';
  const queries = { a: { ...stock, params: { path: ['stock', ...Array(100_000).fill('B')] } } };
  const call = (name: string, given: object) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: given },
  });

  it.each<[string, object, number]>([
    ['/kv', { queries }, 504],
    ['/kv?explain', { queries }, 504],
    ['/mcp', call('run_batch', { queries }), 200],
  ])('has a line, as it is counted as one that failed: %s', async (path, body, status) => {
    const failed = async () =>
      valueIn(readMetrics((await hurried.get('/metrics')).text), 'codap_batches_total', { outcome: 'failed' }) ?? 0;
    const before = await failed();
    expect((await hurried.post(path, body, path === '/mcp' ? { accept } : {})).status).toBe(status);
    await until(async () => (await failed()) === before + 1, 'it is counted as failed');
    expect(late.filter(({ msg }) => msg === 'batch')).toEqual([
      expect.objectContaining({ pattern: 'kv', status: 'error', complete: false, failures: 0, failed: 'TIMEOUT' }),
    ]);
  });
});
