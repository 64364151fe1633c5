import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Fault } from '../../demo/faults.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { askBytes } from '../endpoints/bytes.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type Service, startService, until } from '../service.ts';

interface Line {
  readonly msg: string;
  readonly ms: number;
}

let stores: Stores;
let service: Service;
const lines: Line[] = [];
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'long.bin', 300_000);
  service = await startService({ stores, lines });
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
async function counted(outcome: string): Promise<number> {
  const families = readMetrics((await service.get('/metrics')).text);
  return valueIn(families, 'codap_batches_total', { pattern: 'kv', batch: '', outcome }) ?? 0;
}

const RAW = 'application/octet-stream';
const long = { source: 'files', op: 'getObject', params: { key: 'long.bin' } };
const race = { pattern: 'first-reply', take: 1, queries: [long] };
const short = { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
const list = { source: 'shop', op: 'find', params: { collection: 'products', batchSize: 8 }, stream: true };
const group = (queries: object) => ({ pattern: 'kv', queries });

/** What cuts a body once it is open: at once, or each time that what follows its beginning is asked for. */
const CUT: Fault = { kind: 'cut', afterBytes: 100_000 };
const NO_REST: Fault = { kind: 'cut', afterBytes: 70_000 };
const DRIP: Fault = { kind: 'drip', bytesPerSecond: 1e6 };
const LATE: Fault = { kind: 'delay', ms: 100 };

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
