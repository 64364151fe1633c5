import type { ServerResponse } from 'node:http';
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import { openSources, parseConfig } from '../configured.ts';
import { startScripted } from '../scripted-store.ts';
import { until } from '../service.ts';

it('the GET of a saved batch counts as under way, is waited for, and is logged by its name', async () => {
  const lines: Record<string, unknown>[] = [];
  const held: ServerResponse[] = [];
  const store = await startScripted((_path, response) => void held.push(response));
  onTestFinished(() => store.close());
  const config = parseConfig({
    server: { maxInFlight: 1 },
    sources: { store: { adapter: 'rest', url: store.url } },
    batches: { slow: { pattern: 'kv', queries: { a: { source: 'store', op: 'get', params: { path: '/a' } } } } },
  });
  const sources = await openSources(config);
  onTestFinished(() => sources[Symbol.asyncDispose]());
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const app = await buildApp(config, { ...sources, saved: await openSaved(config, sources.sources), logger });
  onTestFinished(() => app.close());
  const first = app.inject('/batches/slow');
  await until(() => held.length === 1, 'the store is asked');
  expect((await app.inject('/batches/slow')).statusCode).toBe(503);
  expect((await app.inject('/batches')).statusCode).toBe(200);
  let isIdle = false;
  const drained = app.drain().then((whole) => {
    isIdle = true;
    return whole;
  });
  const late = await app.inject({ method: 'HEAD', url: '/batches/slow' });
  expect([late.statusCode, late.headers['cache-control'], isIdle]).toEqual([503, 'no-store', false]);
  held[0]!.writeHead(200, { 'content-type': 'application/json' }).end('1');
  expect((await first).json().results.a.value).toBe(1);
  expect(await drained).toBe(true);
  expect(lines.filter(({ msg }) => msg === 'batch')).toMatchObject([
    { pattern: 'kv', batch: 'slow', queries: 1, complete: true },
  ]);
});
