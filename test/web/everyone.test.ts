import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { choose, edit, expectQuiet, playing, run, violations } from './browser.ts';

const play = playing();
beforeAll(async () => {
  const { stores } = play.service;
  await stores.putSynthetic('files', 'a/film', 5_000_000);
  await stores.addFault({ store: 's3', match: 'GetObject a/film', fault: { kind: 'drip', bytesPerSecond: 200_000 } });
});

/** What is wrong with the page as it stands: for axe, or because it scrolls sideways. */
async function wrongs(page: Page): Promise<string[]> {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  return [...(await violations(page)), ...(scrollWidth > clientWidth ? [`is ${scrollWidth} px wide`] : [])];
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it.each([1440, 768, 360])('axe finds nothing wrong at any step, and all fits in %i px', async (width) => {
    const look = await play.open('', { colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    const { page } = look;
    await page.getByRole('treeitem').first().waitFor();
    const found: Record<string, string[]> = {};
    found['plan'] = await wrongs(page);
    await page.getByRole('button', { name: 'Open a batch' }).click();
    found['menu'] = await wrongs(page);
    await page.getByRole('menuitem', { name: /^traced/ }).click();
    await run(page);
    found['run'] = await wrongs(page);
    await page.getByText('What the shapes mean').click();
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('button', { name: 'Text' }).click();
    await page.locator('.text', { hasText: 'results' }).waitFor();
    found['table and text'] = await wrongs(page);
    await edit(page, 'kv', '{ "queries": { "a": { "source": "nowhere" } } }');
    await page.locator('.cm-lintRange-error').first().waitFor();
    await run(page);
    found['faults'] = await wrongs(page);
    await choose(page, 'Open a batch', /^product A product/);
    found['saved'] = await wrongs(page);
    await edit(page, 'kv', { queries: { film: { source: 'files', op: 'getObject', params: { key: 'a/film' } } } });
    await choose(page, 'Download', /^zip/);
    await page.locator('.download .quiet', { hasText: 'kB' }).waitFor();
    found['download'] = await wrongs(page);
    await page.locator('.download').getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    found['stopped'] = await wrongs(page);
    expect(Object.entries(found).filter(([, wrong]) => wrong.length > 0)).toEqual([]);
    expect(Object.keys(found)).toHaveLength(8);
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
  await page.locator('.answer .summary', { hasText: /complete/i }).waitFor();
  await tabTo('.cm-content');
  await tabTo('.share .quiet-button');
  await page.keyboard.press('Enter');
  await page.locator('.share', { hasText: 'Copied' }).waitFor();
  await tabTo('.waterfall .segmented button:last-child');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'The waterfall as a table' }).waitFor();
  await page.keyboard.press('Enter');
  await tabTo('.rows');
  await page.keyboard.press('ArrowDown');
  await page.locator('.rows[aria-activedescendant=row-1]').waitFor();
  await tabTo('.answer .menu-button');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.locator('.answer .menu-button:focus').waitFor();
  await page.keyboard.press('ArrowDown');
  const coming = page.waitForEvent('download');
  await page.keyboard.press('n');
  await page.keyboard.press('Enter');
  expect((await coming).suggestedFilename()).toBe('codap.ndjson');
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

it('what runs is stopped by keyboard', async () => {
  const look = await play.open();
  const { page } = look;
  const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 1900 } } };
  await edit(page, 'kv', { queries: { slow } });
  await page.locator('.run').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.answer .summary', { hasText: 'Stopped' }).waitFor();
  await page.locator('.run:focus').waitFor();
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
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
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
  await page.locator('.answer .summary', { hasText: 'Cut' }).waitFor();
  await page.getByText('codap cannot be reached').first().waitFor();
  await page.locator('.answer .line-reply', { hasText: 'early' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.answer .summary', { hasText: 'cannot be reached' }).waitFor();
  play.proxy.back();
  await page.locator('.page > .notice').waitFor({ state: 'detached' });
  await run(page);
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
  expect(await page.locator('.cm-content').textContent()).toContain('late');
  await look.close();
});

it.each(['light', 'dark'] as const)(
  'the interface and the playground lead to each other, in one style: %s',
  async (colorScheme) => {
    const look = await play.open('', { colorScheme });
    const { page } = look;
    const styles = (): Promise<string[]> =>
      page
        .locator('header')
        .first()
        .evaluate((header) => {
          const of = (selector: string): CSSStyleDeclaration => getComputedStyle(header.querySelector(selector)!);
          const canvas = getComputedStyle(document.querySelector('.page') ? document.body : header);
          const [title, link] = [of('h1'), of('nav a')];
          return [canvas.backgroundColor, title.color, title.fontFamily, title.fontSize, link.color, link.fontSize];
        });
    const own = await styles();
    await page.getByRole('link', { name: 'Interface', exact: true }).click();
    await page.locator('.swagger-ui .opblock').first().waitFor();
    expect(await styles()).toEqual(own);
    expect(await page.locator('html.dark-mode').count()).toBe(colorScheme === 'dark' ? 1 : 0);
    // The colours and headings of Swagger UI are its own.
    expect((await violations(page)).filter((one) => /^(?:landmark|select)/.test(one))).toEqual([]);
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.getByRole('treeitem').first().waitFor();
    expectQuiet(look);
    await look.close();
  },
);

it.each(['', 'docs'])('without JavaScript the page "%s" says so, and leads to what can be read', async (path) => {
  const look = await play.open(path, { javaScriptEnabled: false });
  const { page } = look;
  expect(await page.locator('body').innerText()).toMatch(/JavaScript/);
  const links = await page.locator('noscript a').all();
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) {
    const answer = await page.request.get(new URL((await link.getAttribute('href'))!, page.url()).href);
    expect([answer.status(), answer.headers()['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  }
  expectQuiet(look);
  await look.close();
});
