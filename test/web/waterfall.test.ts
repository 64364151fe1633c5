import { describe, expect, it } from 'vitest';
import { choose, edit, expectQuiet, playing, run, watchTasks } from './browser.ts';

const play = playing({ limits: { calls: 10_000 }, server: { maxTimeoutMs: 30_000 } });
const get = (path: string, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
const row = (name: RegExp) => ({ name });

describe('the waterfall', () => {
  it('is the plan before the run: what waits stands behind what it waits for', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', { queries: { first: get('/text'), second: get('/text', { when: { $result: '/first' } }) } });
    await page.getByRole('treeitem', row(/^second, catalog get: planned; waits for \/first/)).waitFor();
    const [first, second] = await page
      .locator('.bar-planned')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().left));
    expect(second).toBeGreaterThan(first! + 50);
    await look.close();
  });

  it('marks winners, what was cancelled, failed and skipped, by shapes', async () => {
    const look = await play.open();
    const { page } = look;
    await choose(page, 'Open a batch', /^traced/);
    await page.getByRole('treeitem').nth(3).waitFor();
    await run(page);
    await page.getByRole('treeitem', row(/^1, pricing-us get: ok, winner; from/)).waitFor();
    await page.getByRole('treeitem', row(/^0, catalog get: cancelled/)).waitFor();
    await page.getByRole('treeitem', row(/^weather, catalog get: failed: TIMEOUT/)).waitFor();
    for (const shape of ['winner', 'cancelled', 'error'])
      expect(await page.locator(`.track .mark-${shape}`).count()).toBe(1);
    expectQuiet(look);
    await look.close();
  });

  it('shows the deadline on the axis once it is near', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', { timeoutMs: 200, queries: { late: get('/slow') } });
    await page.getByText('deadline 200 ms').waitFor();
    await run(page);
    await page.locator('.deadline').waitFor({ state: 'attached' });
    await look.close();
  });

  it('folds more than 50 items, and scrolls smoothly through thousands of rows, of which few are drawn', async () => {
    const look = await play.open();
    const { page } = look;
    const items = Array.from({ length: 3000 }, (_none, index) => index);
    await edit(page, 'kv', {
      timeoutMs: 20_000,
      queries: {
        few: get('/text', { forEach: [1, 2, 3] }),
        many: get('/text', { forEach: items, concurrency: 500, select: { n: { $item: '' } } }),
      },
    });
    const longest = await watchTasks(page);
    await run(page);
    await page.getByRole('treeitem', row(/^many.*3000 folded/)).waitFor();
    await page.getByRole('treeitem', row(/^2, catalog get: ok/)).waitFor();
    const rows = page.locator('.rows');
    await page.getByRole('treeitem', row(/^many/)).click();
    await page.getByRole('treeitem', row(/^10, catalog get: ok/)).waitFor({ state: 'attached' });
    const height = await rows.evaluate((element) => element.scrollHeight);
    expect(height).toBeGreaterThan(3000 * 20);
    const slow = await rows.evaluate(async (element) => {
      const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
      const gaps: number[] = [];
      let before = await frame();
      for (let at = 0; at < 60; at++) {
        element.scrollTop = (element.scrollHeight * at) / 60;
        const now = await frame();
        gaps.push(now - before);
        before = now;
      }
      return gaps.toSorted((a, b) => a - b)[30]!;
    });
    expect(slow).toBeLessThan(50);
    expect(await longest()).toBeLessThan(200);
    expect(await page.locator('.row').count()).toBeLessThan(60);
    expectQuiet(look);
    await look.close();
  });

  it('draws an arrow for each reference of the row that is chosen, by pointer and by keyboard', async () => {
    const look = await play.open();
    const { page } = look;
    await run(page);
    await page.getByRole('treeitem', row(/^stock, catalog/)).hover();
    await page.locator('.arrows > path').waitFor({ state: 'attached' });
    await page.locator('#waterfall-title').hover();
    const rows = page.getByRole('tree', { name: 'Queries' });
    await rows.focus();
    await page.keyboard.press('Home');
    await page.locator('.rows[aria-activedescendant=row-0]').waitFor();
    await page.locator('.arrows > path').nth(2).waitFor({ state: 'attached' });
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('treeitem', row(/^reviews.*3 folded/)).waitFor();
    await look.close();
  });

  it('has the same content as a table', async () => {
    const look = await play.open();
    const { page } = look;
    await choose(page, 'Open a batch', /^traced/);
    await page.getByRole('treeitem').nth(3).waitFor();
    await run(page);
    const paths = await page.getByRole('tree', { name: 'Queries' }).getByRole('treeitem').count();
    await page.getByRole('button', { name: 'Table' }).click();
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBe(paths);
    expect(await rows.filter({ hasText: '/price/1' }).textContent()).toContain('ok, winner');
    expect(await rows.filter({ hasText: '/stock' }).textContent()).toMatch(/ms.*\/product$/);
    await look.close();
  });

  it('tells of retries, and of what a cache or another query had', async () => {
    const look = await play.open();
    const { page } = look;
    const same = get('/slow', { params: { path: '/slow', query: { ms: 60 } } });
    await edit(page, 'kv', { queries: { one: same, two: same, broken: get('/status/503') } });
    await run(page);
    await page.getByRole('treeitem', row(/^(?:one|two), .*; coalesced/)).waitFor();
    expect(await page.locator('.track .mark-coalesced').count()).toBe(1);
    await page.getByRole('treeitem', row(/^broken, .*; 1 retry/)).waitFor();
    await look.close();
  });
});

it('one query has one duration: beside its bar, in its sentence, and in the answer', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', {
    queries: { a: { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 20 } } } },
  });
  await run(page);
  const row = page.getByRole('tree', { name: 'Queries' }).getByRole('treeitem', { name: /^a,/ });
  const shown = await page.locator('.answer .line-ms').first().textContent();
  expect(shown).toMatch(/^\d+(?:\.\d)? ms$/);
  expect(await row.locator('.marks').textContent()).toBe(shown);
  await page.getByRole('treeitem', { name: `a, catalog get: ok; ${shown}; from` }).waitFor();
  await look.close();
});
