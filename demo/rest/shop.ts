import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type Product, PRODUCTS, REVIEWS } from '../data.ts';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { precondition } from '../http/conditions.ts';
import { get, json, type Route } from './route.ts';

const LAST_MODIFIED = new Date('2026-03-01T09:30:00Z');
/** How long each price service takes, in milliseconds: at least, and at most. */
const REGIONS: Readonly<Record<string, readonly [number, number]>> = { eu: [20, 60], us: [60, 140], asia: [120, 300] };
const products = new Map(PRODUCTS.map((product) => [product.sku, product]));
let quotes = 0;

/** What the shop's catalog and its price services answer. */
export const SHOP: readonly Route[] = [
  get(/^\/products\/([^/]+)$/, (call, sku) => one(call, sku, shown)),
  get(/^\/products$/, (call) => {
    const category = call.query.get('category');
    const ids = call.query.get('ids')?.split(',');
    const among = ids ? PRODUCTS.filter(({ sku }) => ids.includes(sku)) : PRODUCTS;
    return validated(call, among.filter((product) => category === null || product.category === category).map(shown));
  }),
  get(/^\/stock\/([^/]+)$/, (call, sku) => one(call, sku, (product) => ({ sku: product.sku, count: product.stock }))),
  get(/^\/reviews$/, (call) => {
    const product = call.query.get('product');
    return validated(
      call,
      REVIEWS.filter((review) => product === null || review.product === product),
    );
  }),
  get(/^\/quote$/, (call) => quote(call, 'here')),
  get(/^\/(eu|us|asia)\/quote$/, async (call, region) => {
    const [least, most] = REGIONS[region] ?? [0, 0];
    // The golden ratio spreads the times evenly, and the same way at every start.
    quotes += 1;
    await setTimeout(least + ((quotes * 0.618_034) % 1) * (most - least), undefined, { signal: call.signal });
    return quote(call, region);
  }),
  { methods: ['POST'], pattern: /^\/search$/, answer: search },
];

function shown({ sku, title, category, cents, stock }: Product) {
  return { id: sku, sku, title, category, price: cents / 100, available: stock > 0 };
}

function one(call: Call, sku: string, view: (product: Product) => unknown): Answer {
  const product = products.get(sku);
  return product ? validated(call, view(product)) : json({ error: 'There is no such product' }, 404);
}

function quote(call: Call, region: string): Answer {
  const sku = call.query.get('sku');
  const cents = sku === null ? 1200 : products.get(sku)?.cents;
  return cents === undefined
    ? json({ error: 'There is no such product' }, 404)
    : json({ region, sku, eur: cents / 100 });
}

async function search(call: Call): Promise<Answer> {
  try {
    const { text = '', category } = JSON.parse(String(await call.body())) as { text?: string; category?: string };
    const wanted = text.toLowerCase();
    const hits = PRODUCTS.filter((product) => product.title.toLowerCase().includes(wanted));
    return json({ hits: hits.filter((product) => category === undefined || product.category === category).map(shown) });
  } catch {
    return json({ error: 'Send {"text": "…"} as JSON' }, 400);
  }
}

function validated(call: Call, value: unknown): Answer {
  const text = JSON.stringify(value);
  const answer = json(text);
  const etag = `"${createHash('md5').update(text).digest('hex')}"`;
  const headers = { ...answer.headers, etag, 'last-modified': LAST_MODIFIED.toUTCString() };
  const status = precondition(call.headers, { etag, lastModified: LAST_MODIFIED });
  return status === undefined ? { ...answer, headers } : { status, headers };
}
