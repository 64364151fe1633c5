import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { s3, type S3Options } from '../../adapters/s3.ts';
import { CodapError } from '../../src/errors.ts';
import type { Body, Items, Value } from '../../src/store/payload.ts';
import { processorMs } from '../processor-time.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';

let store: ScriptedStore;
let options: S3Options;
let source: Connection;
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  store = await startScripted((_path, response) => answer(response));
  options = s3Options({ endpoint: store.url, prefix: '' }, { maxBytes: 8_000_000 });
  source = await s3.open(options);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await store.close();
});

type Own = Parameters<typeof run>[4];
const ways: [string, (own?: Own) => Promise<unknown>][] = [
  ['a gathered listing', (own) => run(source, options, 'listObjects', {}, own)],
  [
    'a streamed listing',
    async (own) => {
      const { items } = (await run(source, options, 'listObjects', {}, { ...own, want: 'items' })) as Items;
      for await (const _batch of items);
    },
  ],
  ['a gathered object', (own) => run(source, options, 'getObject', { key: 'a' }, own)],
  ['an object that flows', (own) => run(source, options, 'getObject', { key: 'a' }, { ...own, want: 'body' })],
];
const listings = ways.slice(0, 2);

const doctypes = (text: string) => text.repeat(200_000 / text.length);

describe.each(['<!DOCTYPE>', '<!doctype a>', '<!DocType [<a>]>\n'])('an answer of many %j', (text) => {
  it.each([
    ...listings.map((way) => [...way, 200, 'BAD_RESPONSE'] as const),
    ...ways.map((way) => [...way, 503, 'UNAVAILABLE'] as const),
    ...ways.map((way) => [...way, 404, 'NOT_FOUND'] as const),
    ...ways.map((way) => [...way, 302, 'BAD_RESPONSE'] as const),
  ])('costs little, for %s (%#)', async (_name, ask, status, code) => {
    answer = (response) => void response.writeHead(status).end(doctypes(text));
    const before = processorMs();
    expect(await failed(ask())).toMatchObject({ code });
    expect(processorMs() - before).toBeLessThan(300);
  });
});

it('an object may be HTML with a document type, and longer than an error', async () => {
  const html = `<!DOCTYPE html>${'x'.repeat(3_000_000)}`;
  answer = (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  expect(((await run(source, options, 'getObject', { key: 'a' })) as Value).value).toBe(html);
  const { stream } = (await run(source, options, 'getObject', { key: 'a' }, { want: 'body' })) as Body;
  expect((await buffer(stream)).toString()).toBe(html);
});

it('a page of a thousand keys is taken at its longest', async () => {
  const key = (at: number) => `${'%F0'.repeat(1020)}${1000 + at}`;
  const own = '<Size>1</Size><LastModified>2026-03-01T12:00:00.000Z</LastModified><ETag>"a"</ETag>';
  const contents = Array.from({ length: 1000 }, (_, at) => `<Contents><Key>${key(at)}</Key>${own}</Contents>`);
  answer = (response) =>
    void response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`);
  const { value } = (await run(source, options, 'listObjects', { limit: 1000 })) as Value;
  expect((value as { objects: unknown[] }).objects).toHaveLength(1000);
});

it.each([
  ...ways.map((way) => [...way, 500, 'UNAVAILABLE'] as const),
  ...listings.map((way) => [...way, 200, 'BAD_RESPONSE'] as const),
])('an answer without an end is cut, of %s (%#)', async (name, ask, status, code) => {
  let sent = 0;
  const piece = Buffer.alloc(65_536, 'x');
  const most = 64 * 2 ** 20;
  // In each turn the other side reads: what the system holds between them, it may be very much, stays empty.
  const pieces = async function* () {
    for (; sent < most; sent += piece.length) {
      yield piece;
      await nextTurn();
    }
  };
  const closed = Promise.withResolvers<void>();
  answer = (response) => {
    response.once('close', closed.resolve).writeHead(status);
    Readable.from(pieces()).pipe(response);
  };
  expect(await failed(ask())).toMatchObject({ code });
  await closed.promise;
  expect(sent).toBeLessThan((name === 'an object that flows' ? 2 : 5) * 2 ** 20);
});

it.each([...ways.map((way) => [...way, 503] as const), ...listings.map((way) => [...way, 200] as const)])(
  'the error that ends a call is left as it is, for %s (%#)',
  async (_name, ask, status) => {
    answer = (response) => void response.writeHead(status, { 'content-length': 10_000 }).write('<Error>');
    const controller = new AbortController();
    const late = new CodapError('TIMEOUT', 'no answer within the time allowed');
    const call = failed(ask({ signal: controller.signal }));
    await delay(100);
    controller.abort(late);
    expect(await call).toBe(late);
    await delay(20);
    expect(late.message).toBe('no answer within the time allowed');
    expect(late).not.toHaveProperty('$response');
    expect(late).not.toHaveProperty('$metadata');
  },
);

it.each(listings)('%s that is cut is UNAVAILABLE', async (_name, ask) => {
  answer = (response) => {
    response.writeHead(200, { 'content-length': 10_000 }).write('<ListBucketResult>');
    setTimeout(() => response.destroy(), 20);
  };
  expect(await failed(ask())).toMatchObject({ code: 'UNAVAILABLE' });
});
