import type { FastifyInstance } from 'fastify';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import { demoBatches } from '../../demo/batches.ts';
import { demoConfig } from '../../demo/config.ts';
import { PRODUCTS } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { checkConfig, rightOf } from '../../src/config/load.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources } from '../configured.ts';
import { startBrowser } from './start-browser.ts';

let stores: Stores;
let opened: Sources;
let app: FastifyInstance;
let browser: Browser;
let url: string;
beforeAll(async () => {
  stores = await startStores();
  const config = rightOf(await checkConfig(demoConfig(stores), {}, adapters, await demoBatches()));
  opened = await openSources(config);
  app = await buildApp(config, { ...opened, saved: await openSaved(config, opened.sources) });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
  await opened[Symbol.asyncDispose]();
  await stores.close();
});

const PAGES = [...PRODUCTS.map(({ sku }) => `product?sku=${sku}`), 'orders', 'quotes', 'sitemap', 'dashboard'];
const WIDTHS = [320, 360, 480, 700, 768, 1000, 1280, 1600];

it.each(PAGES)('on the page %s of the demo nothing runs over the edge of what holds it', async (path) => {
  const page = await browser.newPage();
  // On a machine that is busy a page may come too late for its batch.
  await expect.poll(async () => (await page.goto(`${url}/batches/${path}`))?.status()).toBe(200);
  const over: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const found = await page.evaluate(() =>
      Array.from(document.querySelectorAll('body, body *'))
        .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
        .filter((one) => getComputedStyle(one).display !== 'inline')
        .map((one) => `${one.tagName}.${one.className}`),
    );
    over.push(...found.map((one) => `${one} in ${width} px`));
  }
  await page.close();
  expect(over).toEqual([]);
});
