import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { s3 } from '../../adapters/s3.ts';
import type { Value } from '../../src/store/payload.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';

const HOUR = 3_600_000;
const LISTING = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
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
    response.end(isSkewed && method !== 'HEAD' ? '<Error><Code>RequestTimeTooSkewed</Code></Error>' : LISTING);
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
] as const)('an hour off, %s (%s) is refused once, and may be asked for again', async (op, want) => {
  aheadMs = HOUR;
  await using source = await open();
  const once = async () => {
    const answer = await source.run(op, op === 'listObjects' ? {} : { key: 'a' }, want === 'value' ? undefined : want);
    if (answer.kind === 'items') for await (const _ of answer.items);
    if (answer.kind === 'body') answer.stream.destroy();
  };
  expect(await failed(once())).toMatchObject({ code: 'FORBIDDEN', status: 403, retryable: true });
  await once();
  expect(date / 60_000).toEqual(near(Date.now() + HOUR));
});

it('an hour off, all that were signed before it was seen may be asked for again', async () => {
  aheadMs = -HOUR;
  await using source = await open();
  const all = await Promise.all(Array.from({ length: 5 }, () => failed(source.run('getObject'))));
  expect(all.map(({ retryable }) => retryable)).toEqual([true, true, true, true, true]);
});

it('an hour off, what is refused for another reason is refused for good', async () => {
  aheadMs = HOUR;
  await using source = await open();
  await failed(source.run('getObject'));
  const other = await startScripted(
    (_path, response) =>
      void response.writeHead(403, { date: new Date(Date.now() + HOUR).toUTCString() }).end('<Error/>'),
  );
  const options = s3Options({ endpoint: other.url });
  const refused = await s3.open(options);
  expect(await failed(run(refused, options, 'getObject', { key: 'a' }))).toMatchObject({ retryable: true });
  expect(await failed(run(refused, options, 'getObject', { key: 'a' }))).toMatchObject({ retryable: false });
  await refused[Symbol.asyncDispose]();
  await other.close();
});

it('a ping asks once more', async () => {
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
