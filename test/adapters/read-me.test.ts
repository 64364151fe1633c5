import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Long } from 'bson';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Adapter } from '../../adapters/adapter.ts';
import { adapters } from '../../adapters/index.ts';
import { buildApp } from '../../src/service/app.ts';
import { openSources, parseConfig } from '../configured.ts';
import { isBusy } from '../service.ts';

// The adapter that adapters/README.md has whole, as it stands there, asked through the whole service. Its
// invented driver gives what a driver may give.
const README = new URL('../../adapters/README.md', import.meta.url);
const DATE = new Date(0);
const read = vi.fn<(key: string) => Promise<unknown>>();
let folder: string;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  const [, code = ''] = /## One, whole[^`]*```ts\n([\s\S]+?)```/.exec(await readFile(README, 'utf8')) ?? [];
  folder = await mkdtemp(join(tmpdir(), 'codap-read-me-'));
  const root = new URL('../..', import.meta.url).href;
  const file = join(folder, 'counters.ts');
  await writeFile(
    file,
    code
      .replaceAll(/from '(\.\.?\/[^']+)'/g, (_, path: string) => `from '${new URL(path, `${root}adapters/`).pathname}'`)
      .replace("from 'zod'", `from '${import.meta.resolve('zod')}'`)
      .replace("import { Driver } from 'some-driver';", 'const { Driver } = globalThis;'),
  );
  class Driver {
    readonly read = read;
    close(): void {}
  }
  vi.stubGlobal('Driver', Driver);
  const { counters } = (await import(pathToFileURL(file).href)) as { counters: Adapter };
  const kinds = { ...adapters, counters };
  const config = parseConfig(
    { sources: { c: { adapter: 'counters', url: 'http://c.example/', token: 't' } } },
    {},
    kinds,
  );
  const { sources } = await openSources(config, kinds);
  app = await buildApp(config, { sources });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true });
});

async function ask(accept: string, query: object = {}): Promise<string> {
  const body = JSON.stringify({ queries: { a: { source: 'c', op: 'read', params: { name: 'a' }, ...query } } });
  const headers = { accept, 'content-type': 'application/json' };
  for (;;) {
    const answer = await fetch(`${url}/kv`, { method: 'POST', body, headers });
    const text = await answer.text();
    if (!isBusy(answer.status, text)) return text;
    await sleep(100);
  }
}

describe('the adapter of adapters/README.md', () => {
  it.each<[string, unknown, unknown]>([
    ['a number', 7, 7],
    ['nothing', undefined, null],
    ['null', null, null],
    ['NaN', NaN, 'NaN'],
    ['a bigint', 2n ** 60n, '1152921504606846976'],
    ['a Long', Long.fromNumber(5), 5],
    ['a date', DATE, DATE.toISOString()],
    ['an object of these', { u: undefined, n: NaN, d: DATE }, { u: null, n: 'NaN', d: DATE.toISOString() }],
  ])('answers what its driver gives, in each encoding, looked into or not: %s', async (_what, given, shown) => {
    read.mockResolvedValue(given);
    for (const query of [{}, { select: '' }]) {
      const replied = { status: 'ok', value: shown };
      expect(JSON.parse(await ask('application/json', query))).toMatchObject({ results: { a: replied } });
      const [frame = ''] = (await ask('application/x-ndjson', query)).split('\n');
      expect(JSON.parse(frame)).toMatchObject({ path: '/a', ...replied });
    }
    expect(await ask('application/zip')).toContain(typeof shown === 'string' ? shown : JSON.stringify(shown));
    const found = JSON.parse(await ask('application/json', { accept: 'found' })) as object;
    const isNull = { status: 'error', error: { code: 'NOT_FOUND' } };
    expect(found).toMatchObject({ results: { a: shown === null ? isNull : { status: 'ok', value: shown } } });
  });
});
