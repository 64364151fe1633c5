import { describe, expect, it } from 'vitest';
import { choose, edit, expectQuiet, playing, run, violations } from './browser.ts';

const play = playing();

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it.each([1440, 360])('axe finds nothing wrong, at any step, %i px wide', async (width) => {
    const look = await play.open('', { colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    const { page } = look;
    await page.getByRole('treeitem').first().waitFor();
    const found: Record<string, string[]> = {};
    found['plan'] = await violations(page);
    await choose(page, 'Open a batch', /^traced/);
    await run(page);
    found['run'] = await violations(page);
    await page.getByText('What the shapes mean').click();
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('button', { name: 'Text' }).click();
    await page.locator('.text', { hasText: 'results' }).waitFor();
    found['table and text'] = await violations(page);
    await edit(page, 'kv', '{ "queries": { "a": { "source": "nowhere" } } }');
    await page.locator('.cm-lintRange-error').first().waitFor();
    await run(page);
    found['faults'] = await violations(page);
    await choose(page, 'Open a batch', /^product A product/);
    found['saved'] = await violations(page);
    expect(found).toEqual({ plan: [], run: [], 'table and text': [], faults: [], saved: [] });
    await look.close();
  });
});

it('all can be done by keyboard', async () => {
  const look = await play.open();
  const { page } = look;
  await page.getByRole('treeitem').first().waitFor();
  /** Goes on by Tab until something has the focus. */
  const tabTo = async (selector: string): Promise<void> => {
    for (let left = 40; left > 0; left--) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, selector)) return;
    }
    throw new Error(`Tab never came to ${selector}`);
  };
  await tabTo('[role=tab]');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: 'Ordered', selected: true }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await tabTo('.menu-button');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('t');
  await page.keyboard.press('Enter');
  await page.locator('.cm-content', { hasText: '"weather"' }).waitFor();
  await tabTo('.run');
  await page.keyboard.press('Enter');
  await page.locator('.answer [role=status]', { hasText: /complete/i }).waitFor();
  await tabTo('.cm-content');
  await tabTo('.quiet-button');
  await tabTo('.rows');
  await page.keyboard.press('ArrowDown');
  await page.locator('.rows[aria-activedescendant=row-1]').waitFor();
  await tabTo('.tree');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await page.locator('.line-active[aria-expanded=false]').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.locator('.line-active[aria-expanded=true]').waitFor();
  await tabTo('[role=switch]');
  await page.keyboard.press('Space');
  await page.getByRole('switch', { checked: false }).waitFor();
  expectQuiet(look);
  await look.close();
});

it('works on a slow network', async () => {
  const look = await play.open('docs');
  const { page, context } = look;
  const network = await context.newCDPSession(page);
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 60_000,
    uploadThroughput: 30_000,
  });
  await page.goto(play.proxy.url);
  await page.getByRole('treeitem').first().waitFor({ timeout: 20_000 });
  await run(page);
  expect(await page.locator('.answer [role=status]').textContent()).toBe('Complete');
  await look.close();
});

it('says that the service has gone in the middle, keeps what came, and goes on when it is back', async () => {
  const look = await play.open();
  const { page } = look;
  const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 1500 } } };
  await edit(page, 'kv', {
    queries: { early: { source: 'catalog', op: 'get', params: { path: '/text' } }, late: slow },
  });
  await page.getByRole('treeitem', { name: /^late/ }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.answer .line-reply', { hasText: 'early' }).waitFor();
  play.proxy.cut();
  await page.locator('.answer [role=status]', { hasText: 'Cut' }).waitFor();
  await page.getByText('codap cannot be reached').first().waitFor();
  await page.locator('.answer .line-reply', { hasText: 'early' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.answer [role=status]', { hasText: 'cannot be reached' }).waitFor();
  play.proxy.back();
  await page.locator('.page > .notice').waitFor({ state: 'detached' });
  await run(page);
  expect(await page.locator('.answer [role=status]').textContent()).toBe('Complete');
  expect(await page.locator('.cm-content').textContent()).toContain('late');
  await look.close();
});

it('the interface and the playground lead to each other', async () => {
  const look = await play.open();
  const { page } = look;
  await page.getByRole('link', { name: 'Interface', exact: true }).click();
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.getByRole('treeitem').first().waitFor();
  expectQuiet(look);
  await look.close();
});
