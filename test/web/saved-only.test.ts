import { expect, it } from 'vitest';
import { expectQuiet, playing, run } from './browser.ts';

const play = playing({ server: { adhoc: false } });

it('where only saved batches may be run, the first of them stands there, and runs', async () => {
  const look = await play.open();
  const { page } = look;
  await page.getByRole('form', { name: 'Parameters of product' }).waitFor();
  await run(page);
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
  expectQuiet(look);
  await look.close();
});
