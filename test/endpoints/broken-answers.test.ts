import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import { loadConfig, openSources } from '../configured.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { processorMs } from '../processor-time.ts';
import { until } from '../service.ts';

interface Line {
  readonly msg: string;
  readonly batch: string;
  readonly complete?: boolean;
  readonly failed?: string;
  readonly status?: string;
  readonly err?: { readonly cause: { readonly message: string } };
}

const LOOP =
  '{% for a in (1..999) %}{% for b in (1..999) %}{% for c in (1..999) %}{% endfor %}{% endfor %}{% endfor %}';
const TEMPLATES: Record<string, string> = {
  loop: LOOP,
  // The clock is looked at while a file that is taken in is rendered.
  taken: '<p>\n{% render "loop.liquid" %}',
  large: '<p>\n  {% for i in (1..300000) %}{% endfor %}',
};
/** What the batches come to is known without a store. */
const batch = (name: string): string =>
  `{ pattern: kv, timeoutMs: 100, maxAgeSeconds: 9, template: ${name}.liquid, queries: {} }`;

let folder: string;
let app: FastifyInstance;
let url: string;
const lines: Line[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-broken-'));
  for (const [name, text] of Object.entries(TEMPLATES)) await writeFile(join(folder, `${name}.liquid`), text);
  const batches = Object.keys(TEMPLATES).map((name) => `  ${name}: ${batch(name)}`);
  const list = '  text: { pattern: kv, queries: { a: { source: r, op: get, default: text } } }';
  const sources = 'sources: { r: { adapter: rest, url: "http://127.0.0.1:9/" } }';
  await writeFile(join(folder, 'codap.yaml'), [sources, 'batches:', ...batches, list].join('\n'));
  const config = await loadConfig(join(folder, 'codap.yaml'));
  const opened = await openSources(config);
  const saved = await openSaved(config, opened.sources);
  const logger = createLogger('info', new Secrets([]), {
    write: (line) => void lines.push(JSON.parse(line) as Line),
  });
  app = await buildApp(config, { ...opened, saved, logger });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  lines.length = 0;
});

/** What came of the one request for a batch, as the metrics count it. */
async function outcomeOf(name: string): Promise<string> {
  const outcomes = ['complete', 'incomplete', 'failed', 'invalid', 'cancelled'];
  let found: string[] = [];
  await until(async () => {
    const families = readMetrics(await (await fetch(`${url}/metrics`)).text());
    const countOf = (outcome: string) =>
      valueIn(families, 'codap_batches_total', { pattern: 'kv', batch: name, outcome }) ?? 0;
    found = outcomes.filter((outcome) => countOf(outcome) > 0);
    return found.length > 0;
  }, 'it is counted');
  return found.join();
}

describe('a page that breaks', () => {
  it.each([
    ['loop', /^loop\.liquid(?::1:\d+)?: no answer within the time allowed$/],
    ['taken', /^(?:loop\.liquid:1:\d+|taken\.liquid): no answer within the time allowed$/],
    ['large', /^large\.liquid:2:3: more than 262144 /],
  ])('%s is a 500, counted and logged as a failure, with its cause and place in the log alone', async (name, cause) => {
    const began = processorMs();
    const response = await fetch(`${url}/batches/${name}.html`);
    expect(processorMs() - began).toBeLessThan(100 + 50 + 100);
    const headers = ['cache-control', 'codap-complete', 'content-type'].map((key) => response.headers.get(key));
    expect([response.status, ...headers]).toEqual([
      500,
      'no-store',
      'false',
      'application/problem+json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({ code: 'INTERNAL', detail: 'codap failed to render this page' });
    const fault = lines.find(({ err }) => err);
    expect(fault).toMatchObject({ batch: name, path: '' });
    expect(fault?.err?.cause.message).toMatch(cause);
    const ends = lines.filter(({ msg }) => msg === 'batch');
    expect(ends).toEqual([
      expect.objectContaining({ batch: name, complete: false, failed: 'INTERNAL', status: 'error' }),
    ]);
    expect(await outcomeOf(name)).toBe('failed');
  });
});

it('what turns out not to be a table is counted as a request that could not be answered so', async () => {
  expect((await fetch(`${url}/batches/text.csv`)).status).toBe(406);
  expect(await outcomeOf('text')).toBe('invalid');
});
