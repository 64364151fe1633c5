import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes } from './bytes.ts';

const SIZE = 300_000;
const object = Buffer.alloc(SIZE, 'x');
const LISTED =
  '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>';

/** What becomes of the request at this place, from 0 on, for what is asked for. */
type Fate = 'whole' | 'cut' | 'fails' | 'none in this range';

let stores: Stores;
let store: ScriptedStore;
let service: Service;
let fates: readonly Fate[] = [];
let seen = 0;
/** Another answer, which is read before, until a test ends it. */
let long: ServerResponse | undefined;

beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response, request) => {
    if (path !== '/long') return answer(path, response, request);
    long = response;
    response.setHeader('content-type', 'application/json').write('"long');
  });
  const objects = { adapter: 's3', endpoint: store.url, bucket: 'films', forcePathStyle: true, ...DEMO_CREDENTIALS };
  const calm = { retry: { perSecond: 100 }, breaker: false };
  service = await startService({
    stores,
    sources: { objects: { ...objects, ...calm }, long: { adapter: 'rest', url: store.url } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});
beforeEach(() => {
  seen = 0;
  long = undefined;
});

function answer(path: string, response: ServerResponse, { headers }: IncomingMessage): void {
  const fate = fates[seen++] ?? 'whole';
  if (fate === 'fails') return void response.writeHead(503).end();
  if (fate === 'none in this range') return void response.writeHead(416).end();
  if (path.includes('list-type'))
    return void response.writeHead(200, { 'content-type': 'application/xml' }).end(LISTED);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const part = object.subarray(Number(first ?? 0), (Number(last) || SIZE - 1) + 1);
  response.writeHead(first === undefined ? 200 : 206, {
    etag: '"x"',
    'content-length': part.length,
    ...(first !== undefined && { 'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${SIZE}` }),
  });
  if (fate === 'whole') response.end(part);
  else response.write(part.subarray(0, 1000), () => setImmediate(() => response.destroy()));
}

const scrape = async () => readMetrics((await service.get('/metrics')).text);

/** How many calls of this op there have been by now, by code. */
async function counted(op: string): Promise<Record<string, number>> {
  const families = await scrape();
  const values: Record<string, number> = {};
  for (const { labels, value } of families.get('codap_calls')?.samples ?? [])
    if (labels['source'] === 'objects' && labels['op'] === op) values[labels['code']!] = value;
  return values;
}

const GET = { source: 'objects', op: 'getObject', params: { key: 'a' } };
const LIST = { source: 'objects', op: 'listObjects', params: {}, stream: true };
const zip = 'application/zip';

it.each<[string, object, string, boolean, readonly Fate[], number, string]>([
  ['an object in two parts', GET, zip, false, [], 2, 'ok'],
  ['an object whose beginning is cut once', GET, zip, false, ['cut'], 3, 'ok'],
  ['an object whose rest is cut twice', GET, zip, false, ['whole', 'cut', 'cut'], 4, 'ok'],
  ['an object whose rest fails to the end', GET, zip, false, ['whole', 'fails', 'fails', 'fails', 'fails'], 5, 'ok'],
  ['an object that has no such range', GET, zip, false, ['none in this range'], 2, 'ok'],
  ['an object that failed before its turn', GET, zip, true, ['fails', 'fails'], 4, 'ok'],
  ['an object that fails in its turn, too', GET, zip, true, ['fails', 'fails', 'fails'], 3, 'UNAVAILABLE'],
  ['a list that failed before its turn', LIST, 'application/x-ndjson', true, ['fails', 'fails'], 3, 'ok'],
  ['a list in one go', LIST, 'application/x-ndjson', false, [], 1, 'ok'],
])('%s is one call, however often its store is asked', async (_name, query, accept, isLate, fate, requests, code) => {
  fates = fate;
  const { op } = query as typeof GET;
  const before = await counted(op);
  const first = { source: 'long', op: 'get', params: { path: '/long' } };
  const reading = askBytes(`${service.url}/ordered`, { queries: isLate ? [first, query] : [query] }, accept);
  if (isLate) {
    await until(() => long !== undefined && seen === 2, 'what is asked ahead has failed');
    const running = async () => valueIn(await scrape(), 'codap_source_running', { source: 'objects' });
    await until(async () => (await running()) === 0, 'codap has heard of it');
    long?.end('"');
  }
  const answer = await reading;
  await answer.read();
  expect(seen).toBe(requests);
  const grown = Object.entries(await counted(op)).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  expect(grown.filter(([, by]) => by !== 0)).toEqual([[code, 1]]);
});
