import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { choose, edit, expectQuiet, playing } from './browser.ts';

const play = playing();

/** What stands in the editor. */
const written = async (page: Page): Promise<string> =>
  (await page.locator('.cm-line').allTextContents()).join('\n').trimEnd();

/** Presses keys as often as a person does, or as one that is held: none waits for the picture of the last. */
async function press(page: Page, keys: readonly string[], everyMs: number): Promise<void> {
  const pressed: Promise<void>[] = [];
  for (const key of keys) {
    pressed.push(page.keyboard.press(key));
    await page.waitForTimeout(everyMs);
  }
  await Promise.all(pressed);
}

const text = '{"queries": {"u": {"source": "shop"';
const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
const keysOf: Readonly<Record<string, { before: string; keys: readonly string[]; after: RegExp }>> = {
  'a batch is typed': { before: '', keys: Array.from(text), after: /^\{"queries": \{"u": \{"source": "shop"\}*$/ },
  'Backspace is held': { before: letters.join(''), keys: letters.map(() => 'Backspace'), after: /^$/ },
};

it.each(Object.keys(keysOf).flatMap((what) => [[what, 20, 1] as const, [what, 35, 4] as const]))(
  '%s, a key each %i ms, on a processor that is %i times slower',
  async (what, everyMs, rate) => {
    const look = await play.open();
    const { page, context } = look;
    const { before, keys, after } = keysOf[what]!;
    await edit(page, 'kv', before);
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+End');
    await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate });
    await press(page, keys, everyMs);
    await expect.poll(() => written(page)).toMatch(after);
    expectQuiet(look);
    await look.close();
  },
);

it('what was written is taken back, after another batch was opened too, in each pattern for itself', async () => {
  const look = await play.open();
  const { page } = look;
  const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
  /** Takes back until this stands there. */
  const undoTo = async (wanted: string): Promise<void> => {
    await page.locator('.cm-content').focus();
    for (let left = 10; left > 0 && (await written(page)) !== wanted; left--) await page.keyboard.press('Control+z');
    expect(await written(page)).toBe(wanted);
  };
  const own = { kv: '{"queries": {}}', ordered: '{"queries": []}' };
  for (const pattern of ['kv', 'ordered'] as const) {
    await edit(page, pattern, own[pattern]);
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+End');
    for (const pair of ['ab', 'cd', 'ef']) {
      await press(page, Array.from(pair), 10);
      await page.waitForTimeout(150);
    }
    expect(await written(page)).toBe(`${own[pattern]}abcdef`);
  }
  await choose(page, 'Open a batch', /^traced/);
  await page.locator('.cm-content', { hasText: '"weather"' }).waitFor();
  await choose(page, 'Open a batch', /^product A product/);
  await page.getByLabel(/^sku/).waitFor();
  await tab('Ordered');
  await undoTo(own.ordered);
  await tab('KV');
  await page.locator('.cm-content', { hasText: '"weather"' }).waitFor();
  await undoTo(`${own.kv}abcdef`);
  await undoTo(own.kv);
  expectQuiet(look);
  await look.close();
});
