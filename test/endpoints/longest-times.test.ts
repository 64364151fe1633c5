import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import { loadConfig, openSources } from '../configured.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';

/** The longest wait that a timer can hold: one millisecond more, and it ends after one. */
const LONGEST = 2 ** 31 - 1;
const YEAR = 365 * 86_400_000;

let store: ScriptedStore;
let folder: string;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  // Long enough that a time that ends at once is over by then.
  store = await startScripted((_path, response) => {
    setTimeout(() => response.setHeader('content-type', 'application/json').end('[{"n":1}]'), 30);
  });
  folder = await mkdtemp(join(tmpdir(), 'codap-longest-'));
  const config = {
    server: { timeoutMs: LONGEST, maxTimeoutMs: LONGEST, graceMs: LONGEST, mcp: true },
    limits: { streamIdleMs: LONGEST, streamMs: LONGEST },
    callers: { one: { keys: [ONE], adhoc: true, sources: ['r'], batches: '*', maxTimeoutMs: LONGEST } },
    sources: {
      r: {
        adapter: 'rest',
        url: store.url,
        timeoutMs: LONGEST,
        attemptTimeoutMs: LONGEST,
        hedge: true,
        breaker: { openMs: LONGEST },
        rate: { perSecond: 1000, burst: 1000 },
        cache: { ttlMs: 0, staleMs: YEAR, notFoundMs: YEAR },
      },
    },
    batches: { page: { pattern: 'kv', template: 'page.liquid', queries: {} } },
  };
  // It takes more than one turn to render, from the start on.
  await writeFile(join(folder, 'page.liquid'), '<p>{% for n in (1..50000) %}{% endfor %}');
  // JSON is YAML, too.
  await writeFile(join(folder, 'codap.yaml'), JSON.stringify(config));
  const loaded = await loadConfig(join(folder, 'codap.yaml'));
  const opened = await openSources(loaded);
  app = await buildApp(loaded, { ...opened, saved: await openSaved(loaded, opened.sources) });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** The SHA-256 of "one". */
const ONE = 'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';
/** Each asks for another thing, so that none finds it in the cache. */
const get = (path: string) => ({ source: 'r', op: 'get', params: { path } });
const one = (path: string) => ({ timeoutMs: LONGEST, queries: [get(path)] });
const deep = (path: string) => ({
  timeoutMs: LONGEST,
  queries: [{ pattern: 'ordered', timeoutMs: LONGEST, queries: [{ ...get(path), timeoutMs: LONGEST }] }],
});
const tool = { name: 'run_batch', arguments: { pattern: 'ordered', ...deep('/mcp') } };
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool };

it.each<[string, string, object | undefined, string]>([
  ['JSON', '/ordered', deep('/json'), 'application/json'],
  ['NDJSON', '/ordered', deep('/ndjson'), 'application/x-ndjson'],
  ['server-sent events', '/ordered', deep('/sse'), 'text/event-stream'],
  ['a table', '/ordered', one('/csv'), 'text/csv'],
  ['bytes', '/ordered', one('/bytes'), 'application/octet-stream'],
  ['a zip', '/ordered', deep('/zip'), 'application/zip'],
  ['a tar', '/ordered', deep('/tar'), 'application/x-tar'],
  ['a gzipped tar', '/ordered', deep('/gzip'), 'application/gzip'],
  ['an explanation', '/ordered?explain', deep('/explain'), 'application/json'],
  ['a page', '/batches/page', undefined, 'text/html'],
  ['what an agent is told', '/mcp', call, 'application/json, text/event-stream'],
])('%s may take the longest of all times, and is there as soon as it is', async (_what, path, body, accept) => {
  const response = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { accept, 'x-api-key': 'one', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect([response.status, /TIMEOUT|"isError":true|"complete":false/.exec(text)], text).toEqual([200, null]);
});
