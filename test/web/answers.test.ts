import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { startTexts, until } from '../service.ts';
import { choose, copied, edit, expectQuiet, playing, run, watchTasks, HOSTILE } from './browser.ts';

const many = Array.from({ length: 60_000 }, (_none, index) => ({
  number: index,
  text: `${'lorem ipsum dolor sit amet '.repeat(5)}${index}`,
  inside: [index, { deeper: true }],
}));
const hostile = {
  [HOSTILE]: HOSTILE,
  script: 'javascript:globalThis.wasRun = true',
  data: 'data:text/html,<b>x</b>',
  web: 'https://example.com/a?b=<c>',
};
const texts = await startTexts(
  new Map([
    ['/many', JSON.stringify(many)],
    ['/hostile', JSON.stringify(hostile)],
    ['/digits', '{"b": 1.0, "2": 12345678901234567890, "1": 1e400, "__proto__": [1, 2]}'],
  ]),
);
afterAll(() => texts.close());

/** Answers when it is told to. */
const gate = createServer((_message, response) => waiting.push(() => response.end('"late"')));
const waiting: (() => void)[] = [];
gate.listen(0, '127.0.0.1');
await once(gate, 'listening');
afterAll(() => {
  gate.closeAllConnections();
  gate.close();
});

const play = playing({
  sources: {
    texts: { adapter: 'rest', url: texts.url, maxBytes: 32 * 2 ** 20, timeoutMs: 20_000 },
    gate: { adapter: 'rest', url: `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`, timeoutMs: 20_000 },
  },
  server: { maxTimeoutMs: 30_000 },
});
const get = (path: string, source = 'texts') => ({ source, op: 'get', params: { path } });

describe('an answer', () => {
  it('is drawn as it comes, and ends when it is stopped', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', {
      timeoutMs: 20_000,
      queries: {
        early: get('/digits'),
        late: get('/x', 'gate'),
        after: { ...get('/digits'), when: { $result: '/late' } },
      },
    });
    await page.getByRole('treeitem', { name: /^after/ }).waitFor();
    await page.keyboard.press('Control+Enter');
    await page.locator('.answer .line-reply', { hasText: 'early' }).waitFor();
    expect(await page.locator('.answer .summary').textContent()).toBe('1 reply so far');
    await page.getByRole('treeitem', { name: /^early, texts get: ok/ }).waitFor();
    await page.getByRole('treeitem', { name: /^late, gate get: running/ }).waitFor();
    await page.getByRole('treeitem', { name: /^after, texts get: waiting/ }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.answer .summary', { hasText: 'Stopped' }).waitFor();
    await page.getByRole('button', { name: /^Run/ }).waitFor();
    expectQuiet(look);
    await look.close();
  });

  it('keeps each digit and the place of each key', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', { queries: { it: get('/digits') } });
    await run(page);
    await page.locator('.answer .line-name', { hasText: '__proto__' }).waitFor();
    const names = await page.locator('.answer .line-value .line-name').allTextContents();
    expect(names).toEqual(['b', '2', '1', '__proto__']);
    await look.close();
  });

  it('tells of each value its pointer, ready as a reference, and its JSON', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'ordered', { queries: [{ ...get('/many'), as: 'list' }] });
    await run(page);
    await page.locator('.answer .line-name', { hasText: /^1$/ }).click();
    await page.locator('.answer .line-name', { hasText: 'inside' }).first().click();
    expect(JSON.parse(await copied(look, 'Copy as $result'))).toEqual({ $result: '/list/1/inside' });
    expect(JSON.parse(await copied(look, 'Copy value'))).toEqual([1, { deeper: true }]);
    await look.close();
  });

  it('is copied as JSON would answer it', async () => {
    const look = await play.open();
    const { page } = look;
    const one = JSON.stringify(get('/digits'));
    const keyed = `{"pattern":"kv","queries":{"b":${one},"0":${one}}}`;
    const listed = `{"pattern":"ordered","queries":[${one}]}`;
    await edit(page, 'ordered', `{"queries":[${one.replace('{', '{"hidden":true,')},${keyed},${listed}]}`);
    await run(page);
    await page.getByRole('button', { name: 'Text' }).click();
    await page.locator('.text', { hasText: '"replies": [' }).waitFor();
    const text = (await copied(look, 'Copy the answer')).replaceAll(/\s+/g, '');
    expect(text).toMatch(
      /^\{"complete":true,"results":\[\{"index":1,.*"replies":\{"b":.*"0":.*"replies":\[\{"index":0,/,
    );
    expectQuiet(look);
    await look.close();
  });

  it('of 10 MB leaves the page responsive, as a tree and as text', async () => {
    expect(JSON.stringify(many).length).toBeGreaterThan(10_000_000);
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', { timeoutMs: 20_000, queries: { many: get('/many') } });
    const longest = await watchTasks(page);
    await run(page);
    const tree = page.locator('.answer .tree');
    await tree
      .locator('.line-name', { hasText: 'inside' })
      .or(tree.locator('.line-name', { hasText: /^5$/ }))
      .first()
      .waitFor();
    await tree.press('End');
    await tree.getByText('more', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Text' }).click();
    await page.getByText('Only the first 200,000 characters').waitFor();
    expect(await page.locator('.text').textContent()).toContain('"results": {\n    "many"');
    expect(await longest()).toBeLessThan(200);
    // What is measured can be seen to fail.
    await page.evaluate(() =>
      setTimeout(() => {
        const until = performance.now() + 250;
        while (performance.now() < until);
      }),
    );
    await until(async () => (await longest()) > 200, 'the long task was seen');
    expectQuiet(look);
    await look.close();
  });

  it('with hostile strings in it is text: nothing runs, and only addresses of the web are links', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', {
      queries: { [HOSTILE]: get('/hostile'), after: { ...get('/hostile'), when: { $result: '' } } },
    });
    await edit(page, 'kv', { queries: { [HOSTILE]: get('/hostile') } });
    await run(page);
    await page
      .locator('.answer .line-name', { hasText: 'javascript' })
      .or(page.getByText('"javascript:'))
      .first()
      .waitFor();
    const links = await page
      .locator('.answer a')
      .evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href));
    expect(links).toEqual(['https://example.com/a?b=%3Cc%3E']);
    await page.getByRole('button', { name: 'Text' }).click();
    await page.locator('.text', { hasText: 'onerror' }).waitFor();
    await page.getByRole('button', { name: 'Table' }).click();
    expect(await page.evaluate(() => 'wasRun' in globalThis)).toBe(false);
    expect(await page.locator('main img').count()).toBe(0);
    expectQuiet(look);
    await look.close();
  });

  it('shows a picture that came with it, and one at an address when told to', async () => {
    const look = await play.open();
    const { page } = look;
    const bytes = { source: 'photos', op: 'getObject', params: { key: 'B-101.jpg' } };
    const address = { source: 'photos', op: 'presignGetObject', params: { key: 'B-101.jpg' }, select: '/url' };
    await edit(page, 'ordered', {
      queries: [
        { ...bytes, as: 'bytes' },
        { ...address, as: 'address' },
      ],
    });
    await run(page);
    const picture = page.locator('.answer img');
    await picture.waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.answer img')!.naturalWidth > 0);
    expect(look.elsewhere).toEqual([]);
    await page.locator('.answer .line-reply .line-name', { hasText: 'address' }).click();
    await picture.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show the picture' }).click();
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.answer img')?.naturalWidth);
    expect(look.elsewhere).toEqual([expect.stringContaining('B-101.jpg')]);
    expect(look.complaints).toEqual([]);
    await look.close();
  });

  it('can be had as an archive', async () => {
    const look = await play.open();
    const { page } = look;
    await choose(page, 'Open a batch', /^zip FirstReply/);
    const coming = page.waitForEvent('download');
    await choose(page, 'Download', /^zip/);
    const download = await coming;
    expect(download.suggestedFilename()).toBe('reports.zip');
    expect(await readFile(await download.path(), 'latin1')).toMatch(/^PK/);
    await page.getByText('reports.zip is saved').waitFor();
    expectQuiet(look);
    await look.close();
  });

  it('says why there is none', async () => {
    const look = await play.open();
    const { page } = look;
    await edit(page, 'kv', { queries: { a: { source: 'nowhere', op: 'get' } } });
    await run(page);
    await page.locator('.answer [role=alert]', { hasText: 'no such source' }).waitFor();
    await edit(page, 'first-reply', { take: 1, queries: [get('/nothing')] });
    await run(page);
    await page.locator('.answer [role=alert]', { hasText: '404 NOT_FOUND' }).waitFor();
    await look.close();
  });
});
