import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { choose, edit, expectQuiet, playing } from './browser.ts';

const play = playing();

/** What leads away from what was written, and back. */
const ways: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'the page is loaded anew': (page) => page.reload(),
  'a link is followed, and one goes back': async (page) => {
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.waitForURL(/sources$/);
    await page.goBack();
  },
  'the interface is looked at, which leads to the playground': async (page) => {
    await page.getByRole('link', { name: 'Interface', exact: true }).click();
    await page.getByRole('link', { name: 'Playground' }).click();
  },
};

const batch = '{"queries": {}}';

/** Adds to what stands in the editor. */
async function write(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(text);
}

it.each(Object.keys(ways))('what is written and was not run stands there when %s', async (way) => {
  const look = await play.open();
  const { page } = look;
  await page.getByRole('treeitem').first().waitFor();
  await edit(page, 'kv', batch);
  await write(page, 'first');
  await edit(page, 'ordered', '{"queries": []}');
  await write(page, 'second');
  await ways[way]!(page);
  await page.locator('.cm-content', { hasText: /\{"queries": \[\]\}second$/ }).waitFor();
  expect(await page.getByRole('tab', { name: 'Ordered' }).getAttribute('aria-selected')).toBe('true');
  await page.getByRole('tab', { name: 'KV' }).click();
  await page.locator('.cm-content', { hasText: /\{"queries": \{\}\}first$/ }).waitFor();
  expectQuiet(look);
  await look.close();
});

it.each(Object.keys(ways))('the parameters of a saved batch stand there when %s', async (way) => {
  const look = await play.open();
  const { page } = look;
  await choose(page, 'Open a batch', /^product A product/);
  await page.getByLabel(/^sku/).fill('B-102');
  await ways[way]!(page);
  await page.getByLabel(/^sku/).waitFor();
  expect(await page.getByLabel(/^sku/).inputValue()).toBe('B-102');
  expectQuiet(look);
  await look.close();
});

it.each<[string, (page: Page) => Promise<unknown>]>([
  ['writes', (page) => write(page, 'meanwhile')],
  ['opens another pattern', (page) => page.getByRole('tab', { name: 'Ordered' }).click()],
  ['opens an example', (page) => choose(page, 'Open a batch', /^dashboard/)],
])('a form that comes late does not take the page from somebody who %s', async (_, act) => {
  const look = await play.open();
  const { page } = look;
  await choose(page, 'Open a batch', /^product A product/);
  await page.getByLabel(/^sku/).fill('B-102');
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route('**/batches', async (route) => {
    await promise;
    await route.continue();
  });
  await page.reload();
  await page.locator('.cm-content').waitFor();
  await act(page);
  const known = page.waitForResponse(/batches$/);
  resolve();
  await (await known).finished();
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
  expect(await page.getByRole('form').count()).toBe(0);
  expect(await page.locator('.cm-content').isVisible()).toBe(true);
  expectQuiet(look);
  await look.close();
});

it('a link is shown though something else was written, which can be got back', async () => {
  const look = await play.open();
  const { page } = look;
  await page.getByRole('treeitem').first().waitFor();
  await edit(page, 'kv', batch);
  await write(page, 'own');
  await page.goto(`${play.proxy.url}limits`);
  await page.goto(`${play.proxy.url}#kv=${Buffer.from('{"queries": {"linked": 1}}').toString('base64url')}`);
  await page.locator('.cm-content', { hasText: 'linked' }).waitFor();
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+z');
  await page.locator('.cm-content', { hasText: /own$/ }).waitFor();
  await look.close();
});

it('nothing is kept where nothing is to be remembered, in another tab, or of a key', async () => {
  const look = await play.open();
  const { page, context } = look;
  const kept = (): Promise<string> => page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  await page.getByRole('treeitem').first().waitFor();
  await page.getByLabel('Key').fill('s3cret');
  await edit(page, 'kv', batch);
  await write(page, 'own');
  await page.reload();
  await page.locator('.cm-content', { hasText: /own$/ }).waitFor();
  expect(await kept()).toContain('own');
  expect(await kept()).not.toContain('s3cret');
  const other = await context.newPage();
  await other.goto(play.proxy.url);
  await other.locator('.cm-content', { hasText: '"product"' }).waitFor();
  await page.getByRole('switch').uncheck();
  expect(await kept()).not.toContain('own');
  await page.reload();
  // The address still holds what it held.
  await page.locator('.cm-content', { hasText: /\{"queries": \{\}\}$/ }).waitFor();
  expect(await kept()).not.toContain('queries');
  await look.close();
});

it.each(['stays open', 'is loaded anew'])(
  'turned off in one tab, another that %s forgets what it kept',
  async (way) => {
    const look = await play.open();
    const { page, context } = look;
    await page.getByRole('treeitem').first().waitFor();
    await edit(page, 'kv', batch);
    await write(page, 'own');
    const other = await context.newPage();
    await other.goto(play.proxy.url);
    await page.reload();
    await page.locator('.cm-content', { hasText: /own$/ }).waitFor();
    await other.getByRole('switch').uncheck();
    await expect.poll(() => page.evaluate(() => sessionStorage.length)).toBe(0);
    // A tab that is not in front is not painted.
    await page.bringToFront();
    await expect.poll(() => page.getByRole('switch').isChecked()).toBe(false);
    if (way === 'is loaded anew') {
      await page.reload();
      // The address still holds what it held.
      await page.locator('.cm-content', { hasText: /\{"queries": \{\}\}$/ }).waitFor();
    }
    await look.close();
  },
);
