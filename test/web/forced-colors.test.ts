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

/** How well a text can be read before its background, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
async function contrastOf(text: Locator): Promise<number> {
  const [ink, back, canvas] = await text.evaluate((element) =>
    [getComputedStyle(element).color, getComputedStyle(element).backgroundColor, 'Canvas'].map((color) => {
      const context = document.createElement('canvas').getContext('2d')!;
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data];
    }),
  );
  const luminance = (color: number[]): number => {
    const [red = 0, green = 0, blue = 0] = [0, 1, 2].map((at) => {
      const share = (color[3] ?? 0) / 255;
      const level = ((color[at] ?? 0) * share + (canvas?.[at] ?? 0) * (1 - share)) / 255;
      return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(ink!), luminance(back!)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

it.each(['light', 'dark'] as const)('in forced colours, %s, brackets that match can be read', async (colorScheme) => {
  const look = await play.open('', { colorScheme, forcedColors: 'active' });
  const { page } = look;
  await page.getByRole('treeitem').first().waitFor();
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+Home');
  const bracket = page.locator('.cm-matchingBracket').first();
  expect(await contrastOf(bracket)).toBeGreaterThanOrEqual(4.5);
  expect(await bracket.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  expectQuiet(look);
  await look.close();
});

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
