import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStores } from '../../demo/stores.ts';
import { edit, expectQuiet, playing, run, violations } from './browser.ts';

const stores = await startStores();
afterAll(() => stores.close());
const api = { adapter: 'rest', url: `${stores.restUrl}/` };
const play = playing({
  stores,
  sources: {
    fresh: { ...api, cache: { ttlMs: 60_000 } },
    stale: { ...api, cache: { ttlMs: 1, staleMs: 60_000 } },
    hedged: { ...api, hedge: true },
    merging: { ...api, merge: [{ path: '/products/{id}', into: '/products', query: 'ids', items: '', key: '/id' }] },
  },
});
const get = (source: string, path: string, more: object = {}) => ({ source, op: 'get', params: { path }, ...more });
const slow = (source: string, ms: number, more: object = {}) => ({
  source,
  op: 'get',
  params: { path: '/slow', query: { ms } },
  ...more,
});
const product = (sku: string) => ({
  source: 'shop',
  op: 'findOne',
  params: { collection: 'products', filter: { sku } },
});

const queries = {
  retried: get('catalog', '/stock/B-101'),
  vain: get('catalog', '/status/503'),
  hedged: get('hedged', '/text'),
  kept: slow('fresh', 20),
  old: slow('stale', 21),
  one: slow('catalog', 100),
  two: slow('catalog', 100),
  'first-product': product('B-101'),
  'second-product': product('B-102'),
  'first-entry': get('merging', '/products/B-101'),
  'second-entry': get('merging', '/products/B-102'),
  late: slow('catalog', 2000, { timeoutMs: 60, default: null }),
  price: { pattern: 'first-reply', take: 1, queries: [slow('catalog', 30), slow('catalog', 900)] },
  secret: slow('catalog', 40, { hidden: true }),
  skipped: get('catalog', '/text', { when: false }),
};

/** What is marked at which rows: in words, by a shape, and by how the call itself is drawn. */
const MARKS: readonly (readonly [rows: RegExp, words: string, shape: string, bar?: string])[] = [
  [/^retried,/, '1 retry', 'retry', '.bar-retry'],
  [/^vain,/, 'failed: UNAVAILABLE', 'error', '.bar-call.is-error'],
  [/^hedged,/, '1 hedge', 'hedge', '.bar-hedge'],
  [/^kept,/, 'cache hit', 'hit'],
  [/^old,/, 'cache stale', 'stale'],
  [/^(?:one|two),.*; coalesced/, 'coalesced', 'coalesced'],
  [/^(?:first|second)-product,.*; merged/, 'merged', 'merged'],
  [/^(?:first|second)-entry,.*; merged/, 'merged', 'merged'],
  [/^late,/, 'ok, by its default', 'default'],
  [/^0, catalog get/, 'ok, winner', 'winner'],
  [/^1, catalog get/, 'cancelled', 'cancelled', '.bar-call.is-cancelled'],
  [/^skipped,/, 'skipped', 'skipped'],
];

/** What the table says, and of which rows. */
const TABLE = [
  [/\/retried/, '1 retry'],
  [/\/vain/, 'failed: UNAVAILABLE'],
  [/\/hedged/, '1 hedge'],
  [/\/kept/, 'cache hit'],
  [/\/old/, 'cache stale'],
  [/\/(?:one|two)/, 'coalesced'],
  [/-product/, 'merged'],
  [/-entry/, 'merged'],
  [/\/late/, 'ok, by its default'],
  [/\/price\/0/, 'ok, winner'],
  [/\/price\/1/, 'cancelled'],
  [/\/secret/, 'hidden'],
  [/\/skipped/, 'skipped'],
] as const;

beforeAll(async () => {
  await play.service.kv({ kept: queries.kept, old: queries.old });
  // A source has to be known before a call can be called slow.
  const each = { forEach: Array.from({ length: 110 }, (_none, index) => index) };
  const usual = { source: 'hedged', op: 'get', params: { path: '/text', query: { n: { $item: '' } } } };
  await play.service.kv({ usual: { ...each, ...usual } });
});

it('marks all that can become of a call: by a shape, in words, and in the table', async () => {
  const look = await play.open('', { viewport: { width: 1440, height: 1400 } });
  const { page } = look;
  await edit(page, 'kv', { queries });
  await page.getByRole('treeitem', { name: /^skipped/ }).waitFor();
  await stores.addFault({ store: 'rest', match: 'GET /text', times: 1, fault: { kind: 'delay', ms: 400 } });
  await stores.addFault({ store: 'rest', match: 'GET /stock', times: 1, fault: { kind: 'fail', status: 503 } });
  await run(page);
  const paths: string[] = [];
  for (const [name, words, shape, bar] of MARKS) {
    const row = page.getByRole('tree', { name: 'Queries' }).getByRole('treeitem', { name });
    expect(await row.count(), String(name)).toBe(1);
    expect(await row.locator('.unseen').textContent()).toContain(words);
    expect(await row.locator(`.mark-${shape}`).count(), `${name} ${shape}`).toBe(1);
    if (bar !== undefined) expect(await row.locator(bar).count(), `${name} ${bar}`).toBeGreaterThan(0);
    paths.push((await row.locator(`.mark-${shape} path`).getAttribute('d'))!);
  }
  expect(new Set(paths).size).toBe(new Set(MARKS.map(([, , shape]) => shape)).size);

  const legend = await page
    .locator('.legend')
    .locator('path')
    .evaluateAll((all) => all.map((one) => one.getAttribute('d')));
  expect(legend).toEqual(expect.arrayContaining(paths));
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Table' }).click();
  for (const [place, words] of TABLE)
    expect(await page.locator('tbody tr', { hasText: place }).filter({ hasText: words }).count(), words).toBe(1);
  expectQuiet(look);
  await look.close();
});

it('dashes the row of what is hidden until it is told of, at the end', async () => {
  const look = await play.open();
  const { page } = look;
  const after = get('catalog', '/text', { when: { $result: '/secret' } });
  await edit(page, 'kv', { queries: { secret: queries.secret, after, last: slow('catalog', 1500) } });
  await page.getByRole('treeitem', { name: /^after/ }).waitFor();
  await page.keyboard.press('Control+Enter');
  const row = page.getByRole('treeitem', { name: /^secret, catalog get, hidden: over, told of at the end/ });
  await row.waitFor();
  expect(await row.locator('.marks').textContent()).toBe('hidden');
  const bar = row.locator('.bar-hidden');
  expect(await bar.evaluate((one) => getComputedStyle(one).borderTopStyle)).toBe('dashed');
  const told = page.getByRole('treeitem', { name: /^secret, catalog get, hidden: ok; from/ });
  await told.waitFor();
  // It ends where what waited for it could begin.
  const call = await told.locator('.bar-call').boundingBox();
  const waiting = await page
    .getByRole('treeitem', { name: /^after/ })
    .locator('.bar-wait')
    .boundingBox();
  expect(Math.abs(call!.x + call!.width - waiting!.x)).toBeLessThan(3);
  expectQuiet(look);
  await look.close();
});

it('says nothing of what is hidden where the batch was stopped before its end', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', { queries: { secret: slow('catalog', 1900, { hidden: true }) } });
  await page.getByRole('treeitem', { name: /^secret/ }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('treeitem', { name: /^secret, catalog get, hidden: running/ }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('treeitem', { name: /^secret, catalog get, hidden: not told of/ }).waitFor();
  expect(await page.locator('.row .bar-hidden').count()).toBe(0);
  await look.close();
});
