import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { synthetic } from '../../demo/synthetic.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

const FILE = Buffer.concat([...synthetic(0, 200_000)]);

/** All that a body may come through. */
const ALL_LAYERS = {
  cache: { ttlMs: 1 },
  hedge: true,
  rate: { perSecond: 1000, burst: 100 },
  attemptTimeoutMs: 1500,
};

let store: Server;
let service: Service;
beforeAll(async () => {
  // A store of files that sends each in two pieces: who reads one has to wait, at its beginning and within.
  store = createServer(({ url = '', headers }, response) => {
    const isCoded = url.includes('coded');
    const whole = isCoded ? gzipSync(FILE) : FILE;
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const end = Math.min(whole.length, last === '' ? Infinity : Number(last) + 1);
    const part = whole.subarray(Number(first), end);
    response.writeHead(headers.range === undefined ? 200 : 206, {
      'content-type': 'text/plain',
      etag: '"one"',
      ...(headers.range !== undefined && { 'content-range': `bytes ${first}-${end - 1}/${whole.length}` }),
      ...(isCoded && { 'content-encoding': 'gzip' }),
      ...(!url.includes('counted') && { 'content-length': part.length }),
    });
    response.flushHeaders();
    const half = part.length >> 1;
    setTimeout(() => response.write(part.subarray(0, half), () => response.end(part.subarray(half))), 3);
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
  const s3 = {
    adapter: 's3',
    endpoint: url,
    bucket: 'files',
    forcePathStyle: true,
    accessKeyId: 'i',
    secretAccessKey: 's',
  };
  service = await startService({
    sources: { web: { adapter: 'rest', url: `${url}/`, ...ALL_LAYERS }, objects: { ...s3, ...ALL_LAYERS } },
  });
});
afterAll(async () => {
  await service.close();
  store.closeAllConnections();
  store.close();
});

/** As it is, coded, and without its length. */
const FILES = ['plain', 'coded', 'counted'];
const queryOf: Record<string, (file: string) => object> = {
  REST: (path) => ({ source: 'web', op: 'get', params: { path } }),
  'REST in part': (path) => ({ source: 'web', op: 'get', params: { path, headers: { range: 'bytes=0-149999' } } }),
  S3: (key) => ({ source: 'objects', op: 'getObject', params: { key } }),
};
const TYPES = ['application/octet-stream', 'application/zip', 'application/x-tar'];
const cases = Object.keys(queryOf).flatMap((from) =>
  FILES.flatMap((file) => TYPES.map((accept) => [from, file, accept] as const)),
);

it.concurrent.each(cases)('a body of %s (%s) through all layers, as %s, has Node warn of nothing', async (...one) => {
  const [from, file, accept] = one;
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  try {
    const answer = await askBytes(`${service.url}/kv`, { queries: { a: queryOf[from]!(file) } }, accept);
    expect(answer.status).toBe(from.includes('part') && accept.endsWith('octet-stream') ? 206 : 200);
    expect(await answer.ends()).toBe('whole');
    await turn();
  } finally {
    process.off('warning', note);
  }
  expect(warnings).toEqual([]);
});
