import { expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { expectQuiet, playing, run } from './browser.ts';

const key = makeKey();
const [screen, pages] = [makeKey(), makeKey()];
const quotes = {
  pattern: 'kv',
  params: { skus: { type: ['string'], default: ['B-101'] } },
  queries: { catalog: { source: 'catalog', op: 'get', params: { path: '/products/B-101' } } },
};
const play = playing({
  batches: { quotes },
  callers: {
    screen: { keys: [hashedKey(screen)], batches: ['quotes'] },
    pages: { keys: [hashedKey(pages)], batches: ['quotes'], sources: ['catalog'] },
    page: {
      keys: [hashedKey(key)],
      sources: ['catalog', 'shop', 'photos', 'pricing-eu', 'pricing-us', 'pricing-asia'],
      adhoc: true,
    },
  },
});

it('where callers are told apart the page is there for all, and asks for a key', async () => {
  const look = await play.open();
  const { page } = look;
  await page.getByText(/^401/).waitFor();
  await page.getByPlaceholder('needed here').fill(key);
  await page.keyboard.press('Tab');
  await page.getByRole('treeitem', { name: /^product/ }).waitFor();
  await run(page);
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
  expectQuiet(look);
  await look.close();
});

it.each([
  ['of which a caller may name no source has no plan and no fault, and runs', screen, false],
  ['whose sources a caller may name has its plan', pages, true],
])('a saved batch %s', async (_, key, hasPlan) => {
  const look = await play.open();
  const { page } = look;
  await page.getByPlaceholder('needed here').fill(key);
  const explained = page.waitForResponse(/\/batches\/quotes\?explain$/);
  await page.keyboard.press('Tab');
  await page.getByRole('form', { name: 'Parameters of quotes' }).waitFor();
  expect((await explained).status()).toBe(hasPlan ? 200 : 400);
  if (hasPlan) await page.getByRole('treeitem', { name: /^catalog/ }).waitFor();
  await run(page);
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
  expect(await page.getByRole('status').filter({ hasText: 'explain' }).count()).toBe(0);
  expectQuiet(look);
  await look.close();
});

it('has no link that would need the key, which no link sends', async () => {
  const look = await play.open();
  const { page } = look;
  const links = () => page.locator('a').evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  const asked = async () =>
    Promise.all((await links()).map(async (url) => [url.slice(play.proxy.url.length), (await fetch(url)).status]));
  const open = [
    ['docs', 200],
    ['docs', 200],
    ['health/ready', 200],
  ];
  await page.getByText(/^401/).waitFor();
  expect(await asked()).toEqual(open);
  await page.getByPlaceholder('needed here').fill(screen);
  await page.keyboard.press('Tab');
  await page.getByRole('form', { name: 'Parameters of quotes' }).waitFor();
  expect(await asked()).toEqual(open);
  await look.close();
});

it('keeps the parameters of a saved batch until there is a key to show its form', async () => {
  const look = await play.open();
  const { page } = look;
  const useKey = async (): Promise<void> => {
    await page.getByPlaceholder('needed here').fill(screen);
    await page.keyboard.press('Tab');
    await page.getByLabel(/^skus/).waitFor();
  };
  await useKey();
  await page.getByLabel(/^skus/).fill('B-102');
  for (let times = 0; times < 2; times++) {
    await page.reload();
    await page.getByText(/^401/).waitFor();
  }
  await useKey();
  expect(await page.getByLabel(/^skus/).inputValue()).toBe('B-102');
  expectQuiet(look);
  await look.close();
});

it.each([
  ['that nobody has', makeKey()],
  ['that no header can hold', '🗝️'],
])('the interface asks again after a key %s', async (_, wrong) => {
  const look = await play.open('docs');
  const { page } = look;
  const field = page.getByLabel('Key or token');
  await field.fill(wrong);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'not accepted' }).waitFor();
  await field.fill(screen);
  await page.keyboard.press('Enter');
  await page.getByText('/batches/quotes').first().waitFor();
  expect(await field.count()).toBe(0);
  expectQuiet(look);
  await look.close();
});

it.each(['', 'docs'])('without JavaScript the page "%s" says that a key may be needed', async (path) => {
  const look = await play.open(path, { javaScriptEnabled: false });
  expect(await look.page.locator('body').innerText()).toMatch(/key is needed/);
  await look.close();
});
