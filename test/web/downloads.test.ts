import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, expect, it } from 'vitest';
import { startStores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { until } from '../service.ts';
import { choose, edit, expectQuiet, playing, run } from './browser.ts';

const SIZE = 1_500_000;
const stores = await startStores();
await stores.putSynthetic('files', 'large/film.bin', SIZE, { contentType: 'video/mp4' });
afterAll(() => stores.close());
afterEach(() => stores.clearFaults());
const play = playing({ stores });
const film = { source: 'files', op: 'getObject', params: { key: 'large/film.bin' }, as: 'film.bin' };
const none = { source: 'files', op: 'getObject', params: { key: 'large/nothing' } };
const status = '.download [role=status]';

/** Lets the film come in a trickle. */
const drip = (bytesPerSecond: number) =>
  stores.addFault({ store: 's3', match: 'GetObject large/', fault: { kind: 'drip', bytesPerSecond } });

/** Opens the page with a batch, and counts what it saves. */
async function opened(batch: object) {
  const look = await play.open();
  const saved: string[] = [];
  look.page.on('download', (download) => saved.push(download.suggestedFilename()));
  await edit(look.page, 'ordered', batch);
  await look.page.getByRole('treeitem').first().waitFor();
  return { look, page: look.page, saved };
}

/** The lengths of the bar that were seen, and what was said beside it, until the download is over. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: { value: number; max: number | undefined; says: string }[] = [];
    Object.assign(globalThis, { seen });
    const look = (): void => {
      const bar = document.querySelector<HTMLProgressElement>('.download progress');
      const says = document.querySelector('.download .quiet')?.textContent ?? '';
      if (bar) seen.push({ value: bar.value, max: bar.hasAttribute('value') ? bar.max : undefined, says });
      requestAnimationFrame(look);
    };
    look();
  });
}

const seen = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { seen: { value: number; max?: number; says: string }[] }).seen);

it('an archive, of which nobody knows how long it becomes, tells how much has come, and is saved whole', async () => {
  await drip(1_000_000);
  const { look, page, saved } = await opened({ filename: 'films of März.zip', queries: [film] });
  await watch(page);
  const coming = page.waitForEvent('download');
  await choose(page, 'Download', /^zip/);
  await page.locator('.download progress:indeterminate').waitFor();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('films of März.zip');
  const files = await unpack('zipfile', await readFile(await download.path()));
  expect([...files].map(([name, { length }]) => [name, length])).toEqual([['film.bin', SIZE]]);
  await page.locator(status, { hasText: 'films of März.zip is saved, 1.5 MB' }).waitFor();
  const steps = new Set((await seen(page)).flatMap(({ says }) => /^(.*) · .*\/s$/.exec(says)?.[1] ?? []));
  expect(steps.size).toBeGreaterThan(4);
  expect([...steps].every((step) => /^[\d.]+ [kM]?B$/.test(step))).toBe(true);
  expect(saved).toHaveLength(1);
  expectQuiet(look);
  await look.close();
});

it('a file whose length is known fills a bar, and says how long it will take', async () => {
  await drip(1_000_000);
  const { look, page } = await opened({ queries: [film] });
  await watch(page);
  const coming = page.waitForEvent('download');
  await choose(page, 'Download', /^as it is/);
  const download = await coming;
  expect(download.suggestedFilename()).toBe('codap.mp4');
  expect((await readFile(await download.path())).length).toBe(SIZE);
  const all = await seen(page);
  const values = [...new Set(all.map(({ value }) => value))];
  expect(values.length).toBeGreaterThan(4);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(new Set(all.map(({ max }) => max))).toContain(SIZE);
  expect(all.some(({ says }) => /^[\d.]+ [kM]?B of 1\.5 MB · .*\/s · \d+ s left$/.test(says))).toBe(true);
  expectQuiet(look);
  await look.close();
});

it('is stopped in the middle, in the store too; nothing is saved, and it can be had again', async () => {
  await drip(200_000);
  const { look, page, saved } = await opened({ queries: [film] });
  await choose(page, 'Download', /^tar the/);
  await page.locator('.download .quiet', { hasText: /kB/ }).waitFor();
  await page.locator('.download').getByRole('button', { name: 'Stop' }).click();
  await page.locator(status, { hasText: /^Stopped after .*Nothing is saved/ }).waitFor();
  await page.getByRole('button', { name: /^Run/ }).waitFor();
  await until(async () => (await stores.stats()).s3.running === 0, 'the store was left');
  expect(saved).toEqual([]);
  await stores.clearFaults();
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Try again' }).click();
  expect((await coming).suggestedFilename()).toBe('codap.tar');
  await page.locator(status, { hasText: 'its _INCOMPLETE.json says so' }).waitFor();
  expectQuiet(look);
  await look.close();
});

it('breaks off with the connection: it says so, and offers no half file', async () => {
  await drip(200_000);
  const { look, page, saved } = await opened({ queries: [film] });
  await choose(page, 'Download', /^zip/);
  await page.locator('.download .quiet', { hasText: /kB/ }).waitFor();
  play.proxy.cut();
  await page
    .locator(`.notice-bad${status}`, { hasText: /^codap.zip broke off after .* kB. Nothing is saved/ })
    .waitFor();
  await page.getByText('codap cannot be reached').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator(status, { hasText: 'codap cannot be reached. Nothing is saved' }).waitFor();
  play.proxy.back();
  await page.locator('.page > .notice').waitFor({ state: 'detached' });
  expect(saved).toEqual([]);
  expectQuiet(look);
  await look.close();
});

it('breaks off with its store: the service is there, and is not said to be gone', async () => {
  await stores.addFault({ store: 's3', match: 'GetObject large/', fault: { kind: 'cut', afterBytes: 300_000 } });
  const { look, page, saved } = await opened({ queries: [film] });
  const asked = page.waitForResponse(/ordered\?explain/);
  await choose(page, 'Download', /^as it is/);
  await page.locator(status, { hasText: /broke off.*Nothing is saved/ }).waitFor();
  await asked;
  expect(await page.getByText('codap cannot be reached').count()).toBe(0);
  expect(saved).toEqual([]);
  expectQuiet(look);
  await look.close();
});

it.each([
  ['zip', /^zip/],
  ['ndjson', /^ndjson/],
])('a %s that lacks something is saved, and said to', async (ending, item) => {
  const { look, page, saved } = await opened({ queries: [film, none].slice(ending === 'zip' ? 0 : 1) });
  await choose(page, 'Download', item);
  await page.locator(`.notice-bad${status}`, { hasText: 'it is not complete' }).waitFor();
  await until(() => saved.length > 0);
  expect(saved).toEqual([`codap.${ending}`]);
  expectQuiet(look);
  await look.close();
});

it('says why a batch cannot be had in this form', async () => {
  const { look, page, saved } = await opened({ queries: [film, none] });
  await choose(page, 'Download', /^csv/);
  await page.locator('.answer [role=alert]', { hasText: '406' }).waitFor();
  expect(saved).toEqual([]);
  await look.close();
});

it('gives way to a run, and says so', async () => {
  await drip(200_000);
  const { look, page, saved } = await opened({ queries: [{ ...film, op: 'headObject' }] });
  await edit(page, 'ordered', { queries: [film] });
  await choose(page, 'Download', /^zip/);
  await page.locator('.download .quiet', { hasText: /kB/ }).waitFor();
  await edit(page, 'ordered', { queries: [{ ...film, op: 'headObject' }] });
  await run(page);
  expect(await page.locator(status).textContent()).toMatch(/^Stopped after/);
  expect(saved).toEqual([]);
  expectQuiet(look);
  await look.close();
});
