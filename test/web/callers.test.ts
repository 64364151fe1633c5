import { expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { expectQuiet, playing, run } from './browser.ts';

const key = makeKey();
const play = playing({
  callers: {
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
