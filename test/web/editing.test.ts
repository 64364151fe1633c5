import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { choose, copied, edit, expectQuiet, playing, run } from './browser.ts';

const play = playing();
const query = { source: 'shop', op: 'countDocuments', params: { collection: 'orders' } };

it('each pattern has a tab, and each tab keeps what was written there', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', { queries: { mine: query } });
  await page.getByRole('tab', { name: 'Ordered' }).click();
  await page.getByText('"as": "hits"').waitFor();
  await page.getByRole('tab', { name: 'KV' }).click();
  await page.locator('.cm-content', { hasText: '"mine"' }).waitFor();
  expect(await page.getByRole('tab', { name: 'KV' }).getAttribute('aria-selected')).toBe('true');
  expectQuiet(look);
  await look.close();
});

it.each(['traced KV', 'search results Ordered', 'zip of a collection FirstReply'])(
  'the menu has the example "%s", which runs',
  async (label) => {
    const look = await play.open();
    const { page } = look;
    await choose(page, 'Open a batch', new RegExp(`^${label}`));
    await page.getByRole('treeitem').first().waitFor();
    await run(page);
    await page.locator('.answer .badge-ok').first().waitFor();
    expectQuiet(look);
    await look.close();
  },
);

it('a saved batch has a form for its parameters, and runs with them', async () => {
  const look = await play.open();
  const { page } = look;
  await choose(page, 'Open a batch', /^product A product/);
  const field = page.getByLabel(/^sku/);
  expect(await field.inputValue()).toBe('B-101');
  await field.fill('B-102');
  await run(page);
  await page.getByText('"Salt and Semaphores"').waitFor();
  const link = await copied(look, 'link');
  const other = await look.context.newPage();
  await other.goto(link);
  await other.getByLabel(/^sku/).waitFor();
  expect(await other.getByLabel(/^sku/).inputValue()).toBe('B-102');
  expectQuiet(look);
  await look.close();
});

it('the form of a saved batch has a field for each kind of parameter, and sends what it says', async () => {
  const look = await play.open();
  const { page } = look;
  await choose(page, 'Open a batch', /^echo/);
  await page.getByLabel(/^text/).fill('12');
  await page.getByLabel(/^whole/).fill('12');
  await page.getByLabel(/^part/).pressSequentially('1.05');
  await page.getByLabel(/^yes/).selectOption('true');
  await page.getByLabel(/^one/).selectOption('b');
  await page.getByLabel(/^many/).fill('3\n4');
  await page.getByRole('treeitem', { name: /^it/ }).waitFor();
  const sending = page.waitForRequest(/batches\/echo$/);
  await run(page);
  const sent = JSON.parse((await sending).postData()!) as { params: object };
  expect(sent.params).toEqual({ text: '12', whole: 12, part: 1.05, yes: true, one: 'b', many: [3, 4] });
  expect(await page.locator('.answer .summary').textContent()).toBe('Complete');
  // What is wrong is said at its parameter, with each digit where it was written.
  await page.getByLabel(/^whole/).fill('9007199254740993');
  await page.locator('#faults', { hasText: 'whole' }).waitFor();
  expect(await page.getByLabel(/^whole/).inputValue()).toBe('9007199254740993');
  await page.getByLabel(/^whole/).fill('3');
  await page.locator('#faults', { hasText: 'whole' }).waitFor({ state: 'detached' });
  await page.getByLabel(/^whole/).fill('many');
  await page.locator('#faults', { hasText: 'whole' }).waitFor();
  expectQuiet(look);
  await look.close();
});

it('each fault is underlined where it stands, while one writes', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', { queries: { fine: query, wrong: { ...query, op: 'drop' } } });
  const fault = page.locator('.cm-lintRange-error');
  // The page draws the list a moment after the editor its underlines.
  const listed = page.locator('#faults li');
  await fault.waitFor();
  expect(await fault.allTextContents()).toEqual(['"drop"']);
  await listed.filter({ hasText: '#/queries/wrong/op' }).waitFor();
  await edit(page, 'kv', {
    queries: { fine: query, nowhere: { ...query, source: 'none' }, wrong: { ...query, op: 'drop' } },
    timeoutMs: -1,
  });
  await fault.nth(2).waitFor();
  expect(await fault.allTextContents()).toEqual(['"none"', '"drop"', '-1']);
  await listed.nth(2).waitFor();
  expect(await listed.count()).toBe(3);
  await edit(page, 'kv', { queries: { fine: query } });
  await fault.first().waitFor({ state: 'detached' });
  await edit(page, 'kv', '{ "queries": { "a": 1, } }');
  await fault.waitFor();
  await listed.filter({ hasText: /line 1, column \d+/ }).waitFor();
  expectQuiet(look);
  await look.close();
});

it('completes sources, ops, params, collections, fields and references', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', '{"queries": {"orders": {"source": ""}}}');
  const offered = async (): Promise<string[]> => {
    const list = page.locator('.cm-tooltip-autocomplete');
    await page.keyboard.press('Control+Space');
    await list.waitFor();
    const all = await list.locator('.cm-completionLabel').allTextContents();
    await page.keyboard.press('Escape');
    return all;
  };
  /** Writes a batch in which a `|` is where the cursor stands. */
  const at = async (text: string): Promise<string[]> => {
    await edit(page, 'kv', text.replace('|', ''));
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+Home');
    for (let left = text.indexOf('|'); left > 0; left--) await page.keyboard.press('ArrowRight');
    return offered();
  };
  expect(await at('{"queries":{"a":{"source":"|"}}}')).toEqual(
    expect.arrayContaining(['shop', 'photos', 'catalog', 'pricing-eu']),
  );
  expect(await at('{"queries":{"a":{"source":"photos","op":"|"}}}')).toEqual([
    'getObject',
    'headObject',
    'listObjects',
    'presignGetObject',
  ]);
  expect(await at('{"queries":{"a":{"source":"shop","op":"fin|"},"b":1}}')).toEqual(['find', 'findOne']);
  const params = await at('{"queries":{"a":{"source":"shop","op":"find","params":{"|"}}}}');
  expect(params).toEqual(expect.arrayContaining(['collection', 'filter', 'sort', 'limit']));
  expect(params).not.toContain('pipeline');
  expect(await at('{"queries":{"a":{"source":"shop","op":"find","params":{"collection":"|"}}}}')).toEqual(
    expect.arrayContaining(['orders', 'users']),
  );
  expect(
    await at('{"queries":{"a":{"source":"shop","op":"find","params":{"collection":"users","filter":{"|"}}}}}'),
  ).toEqual(expect.arrayContaining(['email', 'address.city']));
  expect(await at('{"queries":{"a":{},"b":{"params":{"path":{"$result":"|"}}}}}')).toEqual(['/a', '/b']);
  expect(await at('{"queries":{},"|"}')).toEqual(expect.arrayContaining(['timeoutMs', 'onError']));
  expectQuiet(look);
  await look.close();
});

it('copies the batch as curl, as code, as a saved batch and as a link', async () => {
  const look = await play.open();
  const { page } = look;
  const batch = { queries: { it: { ...query, params: { collection: 'orders', filter: { "o'clock": 12 } } } } };
  await edit(page, 'kv', batch);
  expect(await copied(look, 'curl')).toMatch(/^curl -s 'http:\/\/127\.0\.0\.1:\d+\/below\/kv' \\\n/);
  const code = await copied(look, 'code');
  const { answer } = await page.evaluate(
    (code) =>
      new Promise<{ answer: { complete: boolean } }>((resolve, reject) => {
        const AsyncFunction = (async () => {}).constructor as new (
          code: string,
        ) => () => Promise<{ answer: { complete: boolean } }>;
        new AsyncFunction(`${code}; return { answer };`)().then(resolve, reject);
      }),
    code,
  );
  expect(answer.complete).toBe(true);
  expect(parse(await copied(look, 'saved batch'))).toEqual({ batches: { 'my-batch': { pattern: 'kv', ...batch } } });
  const link = await copied(look, 'link');
  const other = await look.context.newPage();
  await other.goto(link);
  await other.locator('.cm-content', { hasText: "o'clock" }).waitFor();
  await look.close();
});

it('remembers what was run, until it is told to forget', async () => {
  const look = await play.open();
  const { page } = look;
  await edit(page, 'kv', { queries: { remembered: query } });
  await run(page);
  await page.reload();
  await choose(page, 'Open a batch', /remembered/);
  await page.locator('.cm-content', { hasText: 'remembered' }).waitFor();
  const past = page.locator('[role=menuitem]', { hasText: 'remembered' });
  expect(await past.count()).toBe(1);
  await page.getByRole('switch').uncheck();
  await past.waitFor({ state: 'detached' });
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('remembered');
  await run(page);
  await page.reload();
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('remembered');
  expect(await page.getByRole('switch').isChecked()).toBe(false);
  await look.close();
});

it('sends a key with all it asks, and keeps it nowhere', async () => {
  const look = await play.open();
  const { page } = look;
  const sent: (string | undefined)[] = [];
  await page.getByRole('treeitem').first().waitFor();
  await page.getByLabel('Key').fill('s3cret');
  page.on(
    'request',
    (request) => request.url().includes('/playground/') || sent.push(request.headers()['authorization']),
  );
  await page.keyboard.press('Tab');
  await page.waitForResponse(/kv\?explain/);
  await run(page);
  expect(sent.length).toBeGreaterThan(2);
  expect(new Set(sent)).toEqual(new Set(['Bearer s3cret']));
  expect(await copied(look, 'curl')).not.toContain('s3cret');
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain('s3cret');
  expect(page.url()).not.toContain('s3cret');
  await look.close();
});
