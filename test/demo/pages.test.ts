import { readdir, readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoBatches } from '../../demo/batches.ts';
import { demoConfig } from '../../demo/config.ts';
import { REVIEWS } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { adapters } from '../../adapters/index.ts';
import { checkConfig, rightOf } from '../../src/config/load.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources } from '../configured.ts';
import { unpack } from '../encodings/unpack.ts';

let stores: Stores;
let opened: Sources;
let saved: Awaited<ReturnType<typeof openSaved>>;
let app: FastifyInstance;
beforeAll(async () => {
  stores = await startStores();
  const { server, sources } = demoConfig(stores);
  // Without the playground there is a page of links, which needs no browser to be read.
  const raw = { server: { ...server, playground: false }, sources };
  const config = rightOf(await checkConfig(raw, {}, adapters, await demoBatches()));
  opened = await openSources(config);
  saved = await openSaved(config, opened.sources);
  app = await buildApp(config, { ...opened, saved });
});
afterEach(() => stores.clearFaults());
afterAll(async () => {
  await app.close();
  await opened[Symbol.asyncDispose]();
  await stores.close();
});

type Node = DefaultTreeAdapterTypes.Node;

it('the templates of the demo name nothing that nothing gives', () => {
  expect([...saved.values()].flatMap(({ warnings }) => warnings)).toEqual([]);
});

/** A page as a browser asks for it. */
async function browse(url: string) {
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const { statusCode, headers, payload } = await app.inject({ url, headers: { accept } });
  const nodes = [...within(parse(payload))];
  const attributes = (name: string, attribute: string): string[] =>
    nodes.flatMap((node) =>
      'attrs' in node && node.nodeName === name
        ? node.attrs.filter((one) => one.name === attribute).map(({ value }) => value)
        : [],
    );
  const text = nodes.map((node) => ('value' in node ? node.value : '')).join('');
  return {
    status: statusCode,
    headers,
    payload,
    text: text.replaceAll(/\s+/g, ' '),
    links: attributes('a', 'href'),
    pictures: attributes('img', 'src'),
    scripts: nodes.filter(({ nodeName }) => nodeName === 'script'),
  };
}

function* within(node: Node): Generator<Node> {
  if (node.nodeName === 'style') return;
  yield node;
  if ('childNodes' in node) for (const child of node.childNodes) yield* within(child);
}

const PAGES = ['product', 'orders', 'quotes', 'sitemap', 'dashboard'];

describe('the pages of the demo', () => {
  it.each(PAGES)('%s is HTML without scripts, in which nothing is left out but what failed', async (name) => {
    const { status, headers, scripts, payload } = await browse(`/batches/${name}`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['codap-complete']).toBe(String(name !== 'dashboard'));
    expect(scripts).toEqual([]);
    expect(payload).not.toMatch(/undefined|\[object|NaN/);
  });

  it('are linked from the start page, each with a link to every other', async () => {
    const start = await browse('/');
    expect(start.status).toBe(200);
    for (const name of PAGES) {
      expect(start.links).toContain(`batches/${name}`);
      const { links } = await browse(`/batches/${name}`);
      for (const other of PAGES) expect(links).toContain(other);
    }
  });

  it('have pictures that can be had', async () => {
    for (const name of ['product', 'orders', 'quotes']) {
      const { pictures } = await browse(`/batches/${name}`);
      expect(pictures.length).toBeGreaterThan(0);
      for (const picture of new Set(pictures)) {
        const answer = await fetch(picture);
        expect(answer.headers.get('content-type')).toMatch(/^image\//);
        await answer.arrayBuffer();
      }
    }
  });

  it('of a product says so where its price cannot be had, and is not kept', async () => {
    const whole = await browse('/batches/product?sku=B-102');
    expect(whole.text).toContain('€ 13.90');
    expect(whole.headers['cache-control']).toBe('public, max-age=10');
    await stores.addFault({ store: 'rest', match: 'GET /eu/quote', fault: { kind: 'fail', status: 500 } });
    const { status, text, headers } = await browse('/batches/product?sku=B-102');
    expect(status).toBe(200);
    expect(text).toContain('Salt and Semaphores');
    expect(text).toContain('price not available');
    expect(text).toContain('Some of this page could not be had');
    expect(headers).toMatchObject({ 'codap-complete': 'false', 'cache-control': 'no-store' });
  });

  it('of a product that there is none of is a problem, not a page', async () => {
    const { status, headers } = await browse('/batches/product?sku=B-999');
    expect(status).toBe(404);
    expect(headers['content-type']).toContain('application/problem+json');
  });

  it('list orders in their order, and quotes by who was first', async () => {
    const orders = await browse('/batches/orders');
    const numbers = [...orders.text.matchAll(/No\. (\d+)/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual([1024, 1022, 1020, 1018, 1016, 1014]);
    await stores.addFault({ store: 'rest', match: 'GET /eu/quote', fault: { kind: 'stall' } });
    const quotes = await browse('/batches/quotes');
    expect(quotes.text).toMatch(/Answered first: (?:us|asia)/);
  });

  it('show a bad day as it is', async () => {
    const { status, text } = await browse('/batches/dashboard');
    expect(status).toBe(200);
    for (const said of ['Orders24', 'UNAVAILABLE', 'TIMEOUT', 'No news today.'])
      expect(text.replaceAll(/\s+(?=24)/g, '')).toContain(said);
  });

  it('name what is sold best by its title, and link its reports', async () => {
    const { text, links } = await browse('/batches/dashboard');
    expect(text).toContain('Salt and Semaphores');
    expect(text).not.toMatch(/B-\d{3}/);
    const reports = links.filter((link) => link.includes('/reports/'));
    expect(reports).toHaveLength(6);
    const answer = await fetch(reports[0]!);
    expect(await answer.text()).toMatch(/^month,sku,sold\n/);
  });

  it('show opinions that go with their stars', () => {
    const stars = new Map<unknown, Set<number>>();
    for (const { stars: count, text } of REVIEWS) stars.set(text, (stars.get(text) ?? new Set()).add(count));
    expect(Array.from(stars.values(), ({ size }) => size)).toEqual([1, 1, 1, 1, 1]);
    expect(stars.get('Could not put it down.')).toEqual(new Set([5]));
  });
});

describe('the use cases of the demo', () => {
  it.each([
    ['product', 'sku=B-000'],
    ['quotes', 'sku=B-000'],
    ['orders', `user=${'f'.repeat(24)}`],
    ['invoices', `user=${'f'.repeat(24)}`],
  ])('%s of what there is none of is a problem in every form, not an archive that breaks off', async (name, query) => {
    for (const ending of ['json', 'zip', 'tar']) {
      const { statusCode, headers } = await app.inject(`/batches/${name}.${ending}?${query}`);
      expect(statusCode).toBe(404);
      expect(headers['content-type']).toContain('application/problem+json');
    }
  });

  it('bundle the invoices of a customer, with names that can be read', async () => {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`${url}/batches/invoices.zip?user=66f000000000000000000002`);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=invoices.zip');
    const files = await unpack('zipfile', Buffer.from(await answer.arrayBuffer()));
    expect([...files.keys()]).toEqual(expect.arrayContaining(['Grace Hopper, invoice 1023.pdf']));
    for (const content of files.values()) expect(content.toString('latin1')).toMatch(/^%PDF-1\.4\n[^]*%%EOF\n$/);
  });

  it('export a report as a table', async () => {
    const { payload, headers } = await app.inject('/batches/sales.csv?from=2026-02-01');
    expect(headers['content-disposition']).toBe('attachment; filename=sales.csv');
    const [head, ...rows] = payload.trimEnd().split('\r\n');
    expect(head).toBe('sku,orders,sold');
    expect(rows.length).toBeGreaterThan(5);
    const archive = await app.inject({ url: '/batches/sales.zip', method: 'HEAD' });
    expect(archive.headers['content-disposition']).toBe('attachment; filename=sales.zip');
  });

  it('list what there is, from two stores, for programs too', async () => {
    const { results } = (await app.inject('/batches/sitemap')).json<{ results: Record<string, { status: string }> }>();
    expect(Object.keys(results)).toEqual(['products', 'reports']);
  });

  it('are each listed for readers', async () => {
    const folder = new URL('../../examples/', import.meta.url);
    const readme = await readFile(new URL('README.md', folder), 'utf8');
    const files = (await readdir(new URL('shop/', folder))).filter((name) => name.endsWith('.yaml'));
    for (const name of files) expect(readme).toContain(`\`shop/${name}\``);
  });
});
