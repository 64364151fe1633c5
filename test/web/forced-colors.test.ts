import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { expectQuiet, playing, run } from './browser.ts';

const play = playing();

/** Whether something can be seen: without it there is another picture. */
async function isSeen(thing: Locator, around: Locator): Promise<boolean> {
  const shown = await around.screenshot();
  await thing.evaluate((element) => (element.style.visibility = 'hidden'));
  const bare = await around.screenshot();
  await thing.evaluate((element) => (element.style.visibility = ''));
  return !shown.equals(bare);
}

it.each(['light', 'dark'] as const)(
  'in forced colours, %s, all bars are seen, and what is chosen looks other than what is not',
  async (colorScheme) => {
    const look = await play.open('', { colorScheme, forcedColors: 'active', reducedMotion: 'reduce' });
    const { page } = look;
    await page.getByRole('treeitem').first().waitFor();
    const planned = page.locator('.row').first();
    expect(await isSeen(planned.locator('.bar'), planned)).toBe(true);
    await run(page);
    const row = page.locator('.row').first();
    expect(await isSeen(row.locator('.bar-call'), row)).toBe(true);
    await page.getByText('What the shapes mean').click();
    const unseen: string[] = [];
    for (const one of await page.locator('.legend li:has(.bar)').all())
      if (!(await isSeen(one.locator('.bar'), one))) unseen.push((await one.textContent()) ?? '');
    expect(unseen).toEqual([]);
    const backOf = (name: string, role: 'tab' | 'button'): Promise<string> =>
      page.getByRole(role, { name, exact: true }).evaluate((button) => getComputedStyle(button).backgroundColor);
    expect(await backOf('KV', 'tab')).not.toBe(await backOf('Ordered', 'tab'));
    expect(await backOf('Tree', 'button')).not.toBe(await backOf('Text', 'button'));
    expectQuiet(look);
    await look.close();
  },
);
