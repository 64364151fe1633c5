import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { expectQuiet, playing, run } from './browser.ts';

const play = playing();

it('the page, with all that it may load, is at most 250 kB gzipped', async () => {
  const folder = new URL('../../dist/web/', import.meta.url);
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => /\.(?:js|css|html)$/.test(name));
  const sizes = await Promise.all(files.map(async (name) => gzipSync(await readFile(new URL(name, folder))).length));
  expect(files.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(250_000);
});

it('an example stands in the editor, and its plan beside it, within a second', async () => {
  const look = await play.open();
  await look.page.getByRole('treeitem', { name: /^reviews/ }).waitFor();
  const paint = await look.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime);
  expect(paint).toBeLessThan(1000);
  expect(await look.page.locator('.cm-content').textContent()).toContain('"product"');
  expectQuiet(look);
  await look.close();
});

it('one key runs it: the answer and the waterfall stand beside it, and nobody else was asked', async () => {
  const look = await play.open();
  await run(look.page);
  expect(await look.page.locator('.answer .summary').textContent()).toBe('Complete');
  expect(await look.page.locator('#waterfall-title').textContent()).toBe('Waterfall');
  await look.page.getByRole('treeitem', { name: /reviews, shop findOne, for each: ok; .* from/ }).waitFor();
  await look.page.getByText('"The Patient Engine"').waitFor();
  expectQuiet(look);
  await look.close();
});

it('the waterfall grows while it runs', async () => {
  const late = { us: 200, asia: 500 };
  for (const [region, ms] of Object.entries(late))
    await play.service.stores.addFault({
      store: 'rest',
      match: `GET /${region}/quote`,
      times: 1,
      fault: { kind: 'delay', ms },
    });
  const look = await play.open();
  const { page } = look;
  await page.getByRole('treeitem', { name: /^reviews/ }).waitFor();
  await page.evaluate(() => {
    const seen = { bars: new Set<number>(), running: new Set<string>() };
    Object.assign(globalThis, { seen });
    const sample = (): void => {
      seen.bars.add(document.querySelectorAll('.row .bar-call').length);
      seen.running.add(document.querySelector('.row .bar-running')?.getAttribute('style') ?? '');
      requestAnimationFrame(sample);
    };
    sample();
  });
  await run(page);
  const { bars, running } = await page.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: { bars: Set<number>; running: Set<string> } };
    return { bars: seen.bars.size, running: seen.running.size };
  });
  expect(bars).toBeGreaterThan(2);
  expect(running).toBeGreaterThan(4);
  expectQuiet(look);
  await look.close();
});

it('every style is allowed by the policy, which allows no inline script', async () => {
  const { headers, text } = await play.service.get('/');
  const policy = headers['content-security-policy']!;
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("script-src 'self';");
  const other = await play.service.get('/');
  expect(other.headers['content-security-policy']).not.toBe(policy);
  const [, nonce = ''] = /nonce-([^']+)'/.exec(policy) ?? [];
  expect(text).toContain(`nonce="${nonce}"`);
});

it('files with hashed names may be kept for a year', async () => {
  const { text } = await play.service.get('/');
  const [, file] = /src="\.\/(playground\/[^"]+)"/.exec(text) ?? [];
  const { headers, status } = await play.service.get(`/${file}`, { 'accept-encoding': 'gzip' });
  expect([status, headers['cache-control'], headers['content-encoding']]).toEqual([
    200,
    'public, max-age=31536000, immutable',
    'gzip',
  ]);
  expect((await play.service.get('/playground/..%2findex.html')).status).toBe(404);
});

it('says at 360 px all that it says elsewhere, without scrolling sideways', async () => {
  const look = await play.open('', { viewport: { width: 360, height: 740 } });
  await run(look.page);
  const { scrollWidth, clientWidth } = await look.page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth).toBe(clientWidth);
  expectQuiet(look);
  await look.close();
});
