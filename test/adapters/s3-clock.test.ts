import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { s3 } from '../../adapters/s3.ts';
import type { Value } from '../../src/store/payload.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';

const HOUR = 3_600_000;
const LISTING = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
/** A page of a listing without an end, each with one key. */
function page(path: string): string {
  const at = Number(/continuation-token=(\d+)/.exec(path)?.[1] ?? 0);
  const prefix = decodeURIComponent(/[?&]prefix=([^&]*)/.exec(path)![1]!);
  const next = `<IsTruncated>true</IsTruncated><NextContinuationToken>${at + 1}</NextContinuationToken>`;
  return `<ListBucketResult>${next}<Contents><Key>${prefix}${at}</Key><Size>1</Size></Contents></ListBucketResult>`;
}
/** How far off a signed request may be. */
const TOLERATED = 900_000;

/** A store with a clock of its own; what is called `cached` comes out of a cache before it, an hour old. */
let store: ScriptedStore;
let aheadMs: number;
/** How often it was asked, and by what time it was asked last. */
let asked: number;
let date: number;

beforeAll(async () => {
  store = await startScripted((path, response, { headers, method }) => {
    asked += 1;
    const now = Date.now() + aheadMs;
    const isCached = path.includes('cached');
    if (!isCached) date = instant(headers['x-amz-date'] as string);
    const isSkewed = !isCached && Math.abs(date - now) > TOLERATED;
    const told = { date: new Date(isCached ? now - HOUR : now).toUTCString(), ...(isCached && { age: '3600' }) };
    response.writeHead(isSkewed ? 403 : 200, told);
    const skewed = method === 'HEAD' ? '' : '<Error><Code>RequestTimeTooSkewed</Code></Error>';
    response.end(isSkewed ? skewed : path.includes('paged') ? page(path) : LISTING);
  });
});
beforeEach(() => void ([aheadMs, asked] = [0, 0]));
afterAll(() => store.close());

const open = async () => {
  const options = s3Options({ endpoint: store.url, publicEndpoint: 'http://files.example' });
  const source = await s3.open(options);
  return Object.assign(source, {
    run: (op: string, params: Record<string, unknown> = { key: 'a' }, want?: 'items' | 'body') =>
      run(source, options, op, params, want && { want }),
  });
};
const instant = (text: string) =>
  Date.parse(text.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
const near = (ms: number) => expect.closeTo(ms / 60_000, 0);

it.each([
  ['getObject', 'value'],
  ['getObject', 'body'],
  ['headObject', 'value'],
  ['listObjects', 'value'],
  ['listObjects', 'items'],
] as const)('an hour off, %s (%s) is sent once more', async (op, want) => {
  aheadMs = HOUR;
  await using source = await open();
  const answer = await source.run(op, op === 'listObjects' ? {} : { key: 'a' }, want === 'value' ? undefined : want);
  if (answer.kind === 'items') for await (const _ of answer.items);
  if (answer.kind === 'body') answer.stream.destroy();
  expect(asked).toBe(2);
  expect(date / 60_000).toEqual(near(Date.now() + HOUR));
  await source.run('getObject');
  expect(asked).toBe(3);
});

it('an hour off, all that were signed before it was seen are sent once more', async () => {
  aheadMs = -HOUR;
  await using source = await open();
  await Promise.all(Array.from({ length: 50 }, () => source.run('getObject')));
  expect(asked).toBe(100);
});

it('a page that is refused while the clock is set is listed once more, and none twice', async () => {
  await using source = await open();
  const answer = await source.run('listObjects', { prefix: 'paged', limit: 3 }, 'items');
  const keys: string[] = [];
  if (answer.kind !== 'items') throw new Error('no items');
  for await (const items of answer.items) {
    for (const item of items) keys.push((JSON.parse(item) as { key: string }).key);
    aheadMs = HOUR;
  }
  expect(keys).toEqual(['paged0', 'paged1', 'paged2']);
});

it('an hour off, what is refused for another reason is refused for good', async () => {
  let times = 0;
  const other = await startScripted((_path, response) => {
    times += 1;
    response.writeHead(403, { date: new Date(Date.now() + HOUR).toUTCString() }).end('<Error/>');
  });
  const options = s3Options({ endpoint: other.url });
  const refused = await s3.open(options);
  for (const total of [2, 3]) {
    const failure = await failed(run(refused, options, 'getObject', { key: 'a' }));
    expect(failure).toMatchObject({ code: 'FORBIDDEN', status: 403, retryable: false });
    expect(times).toBe(total);
  }
  await refused[Symbol.asyncDispose]();
  await other.close();
});

it('a ping is sent once more', async () => {
  aheadMs = HOUR;
  await using source = await open();
  await source.ping(AbortSignal.timeout(2000));
  expect(asked).toBe(2);
});

it('an answer out of a cache does not set the clock', async () => {
  await using source = await open();
  for (const key of ['cached', 'a', 'cached', 'a']) await source.run('headObject', { key });
  expect(date / 60_000).toEqual(near(Date.now()));
});

it.each([
  [0, 0],
  [-3000, 0],
  [20_000, 0],
  [60_000, 60_000],
  [HOUR, HOUR],
  [-HOUR, -HOUR],
])('where the store is %i ms ahead, an address is signed %i ms ahead', async (ahead, signed) => {
  aheadMs = ahead;
  await using source = await open();
  await source.run('getObject').catch(() => {});
  const told = ((await source.run('presignGetObject')) as Value).value as { url: string; expiresAt: string };
  const by = instant(new URL(told.url).searchParams.get('X-Amz-Date')!);
  expect(Math.abs(by - (Date.now() + signed))).toBeLessThan(3000);
  expect(Date.parse(told.expiresAt)).toBe(by + 300_000);
});
