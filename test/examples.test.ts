import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpack } from './encodings/unpack.ts';
import { askBytes } from './endpoints/bytes.ts';
import { type Answer, type Body, type Service, startService } from './service.ts';

const COVERS = [
  'covers/A Lamp in the Harbour.svg',
  'covers/First Come, First Served.svg',
  'covers/Häuser am Fluß.svg',
  'covers/Queues & Other Poems.svg',
  'covers/Salt and Semaphores.svg',
  'covers/The Cartographer’s Son.svg',
];
const REPORTS = ['cover.jpg', 'reports/february.csv', 'reports/january.csv', 'terms.txt'];

const folder = new URL('../examples/', import.meta.url);
const link = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/photos\/public\/.*X-Amz-Signature=/) as string;

/** What each example must answer on the demo. */
const examples: Record<string, (answer: Answer) => void> = {
  'product-page.kv.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(Object.keys(results)).toEqual(['product', 'stock', 'cover', 'prices', 'reviews']);
    expect(results.product.value).toMatchObject({ title: 'The Patient Engine', price: '24.90' });
    expect(results.stock.value).toBe(12);
    expect(results.cover.value).toEqual(link);
    const price = { status: 'ok', value: 24.9 };
    expect(results.prices.replies).toMatchObject({ eu: price, us: price, asia: price });
    expect(results.reviews.replies).toHaveLength(3);
    for (const { value } of results.reviews.replies) {
      expect(value).toEqual({
        stars: expect.any(Number),
        text: expect.any(String),
        author: expect.stringMatching(/^\w+ \w+$/),
      });
    }
  },
  'search-results.ordered.json'(answer) {
    const [hidden, results] = answer.json();
    expect(answer.headers['codap-complete']).toBe('true');
    expect(hidden).toBe(null);
    expect(results.map(({ title }: Body) => title)).toEqual([
      'The Patient Engine',
      'Weather for Beginners',
      'A Lamp in the Harbour',
      'The Cartographer’s Son',
      'Queues & Other Poems',
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        price: expect.any(Number),
        inStock: expect.any(Number),
        thumb: link,
        stars: expect.any(Number),
      });
    }
  },
  'hedged-price.kv.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(results.price).toMatchObject({
      status: 'ok',
      value: { sku: 'B-102', eur: 13.9 },
      winner: expect.any(Number),
    });
  },
  'orders-of-a-user.kv.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(results).not.toHaveProperty('latest');
    expect(results.orders.replies.map(({ value }: Body) => value.number)).toEqual([1024, 1022, 1020, 1018]);
    for (const { value } of results.orders.replies) {
      expect(value.total).toMatch(/^\d+\.\d\d$/);
      expect(value.lines.length).toBeGreaterThan(0);
      for (const line of value.lines) {
        expect(line).toEqual({
          sku: expect.stringMatching(/^B-1/),
          quantity: expect.any(Number),
          price: expect.any(String),
          picture: link,
        });
      }
    }
  },
  'dashboard.kv.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(false);
    expect(answer.headers['codap-complete']).toBe('false');
    expect(results.orders).toMatchObject({ status: 'ok', value: 24 });
    expect(results.bestsellers.value).toHaveLength(3);
    expect(results.reports.value.names).toEqual(['reports/2025-10.csv', 'reports/2025-11.csv', 'reports/2025-12.csv']);
    expect(results.visitors).toMatchObject({
      status: 'error',
      error: { code: 'UNAVAILABLE', status: 503, retryable: true },
    });
    expect(results.weather).toMatchObject({ status: 'error', error: { code: 'TIMEOUT', source: 'catalog' } });
    expect(results.notice).toMatchObject({ status: 'ok', value: 'No news today.', defaulted: true });
    expect(results.advice).toMatchObject({
      status: 'skipped',
      error: { code: 'DEPENDENCY_FAILED', dependsOn: ['weather'] },
    });
  },
  'traced.kv.json'(answer) {
    const { results, trace } = answer.json();
    const { product, stock, price, weather } = results;
    expect(stock.trace.after).toEqual(['product']);
    expect(stock.trace.queued).toBeGreaterThanOrEqual(product.trace.ended);
    expect(price.trace.members.map(({ path, attempts }: Body) => [path, attempts[0].code])).toEqual([
      ['/price/0', 'CANCELLED'],
      ['/price/1', undefined],
    ]);
    expect(weather.trace.attempts).toMatchObject([{ code: 'TIMEOUT' }]);
    expect(trace.ms).toBeGreaterThanOrEqual(weather.trace.ended);
  },
  'price-list.kv.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(results.prices.value).toHaveLength(5);
  },
  'zip.first-reply.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(results.map(({ as }: Body) => as).toSorted()).toEqual(REPORTS);
  },
  'zip-of-a-collection.first-reply.json'(answer) {
    const { complete, results } = answer.json();
    expect(complete).toBe(true);
    expect(results).toHaveLength(1);
    expect(results[0].replies.map(({ as }: Body) => as).toSorted()).toEqual(COVERS);
  },
};

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

it.each(Object.entries(examples))('%s answers on the demo what it promises', async (name, check) => {
  const body = await readFile(new URL(name, folder), 'utf8');
  const answer = await service.post(`/${name.split('.')[1]}`, body);
  expect(answer.status, answer.text).toBe(200);
  check(answer);
});

it('every example is run, and listed for readers', async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  expect(files.toSorted()).toEqual(Object.keys(examples).toSorted());
  const readme = await readFile(new URL('README.md', folder), 'utf8');
  for (const name of files) expect(readme).toContain(`\`${name}\``);
});

it('price-list.kv.json answers a table where one is accepted', async () => {
  const body = await readFile(new URL('price-list.kv.json', folder), 'utf8');
  const { headers, text } = await service.post('/kv', body, { accept: 'text/csv' });
  expect(headers).toMatchObject({ 'content-disposition': 'attachment; filename=prices.csv', 'codap-complete': 'true' });
  const lines = text.split('\r\n');
  expect([lines.length, lines[0], lines[1]]).toEqual([
    7,
    'sku,title,price,in stock',
    'B-102,Salt and Semaphores,13.90,3',
  ]);
});

describe.each([
  ['zip.first-reply.json', 'reports.zip', REPORTS],
  ['zip-of-a-collection.first-reply.json', 'covers.zip', COVERS],
])('%s answers an archive where one is accepted', (name, filename, entries) => {
  it.each([
    ['unzip', 'application/zip'],
    ['zipfile', 'application/zip'],
    ['tar', 'application/x-tar'],
    ['tar', 'application/gzip'],
  ] as const)('which %s unpacks (%s)', async (program, accept) => {
    const body = JSON.parse(await readFile(new URL(name, folder), 'utf8'));
    const answer = await askBytes(`${service.url}/first-reply`, body, accept);
    expect(answer.headers['content-disposition']).toContain(filename);
    const bytes = await answer.read();
    const files = await unpack(program, bytes);
    expect([...files.keys()].toSorted()).toEqual(entries);
    for (const [entry, content] of files) if (entry.endsWith('.svg')) expect(String(content)).toMatch(/^<svg/);
  });
});
