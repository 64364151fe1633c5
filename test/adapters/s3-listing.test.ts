import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { s3, type S3Options } from '../../adapters/s3.ts';
import type { Items, Value } from '../../src/store/payload.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';

/** A page as the store tells it, made of what it was asked. */
type Page = (asked: URLSearchParams, at: number) => string;

let store: ScriptedStore;
let options: S3Options;
let source: Connection;
let page: Page;
let pages = 0;

beforeAll(async () => {
  store = await startScripted((path, response) => {
    const body = page(new URL(path, 'http://store').searchParams, pages);
    pages += 1;
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>photos</Name>${body}</ListBucketResult>`,
    );
  });
  options = s3Options({ endpoint: store.url, prefix: 'p/' });
  source = await s3.open(options);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await store.close();
});

const DATE = '2026-03-01T12:00:00.000Z';
const tag = (name: string, text: string | number | boolean) => `<${name}>${text}</${name}>`;
const object = (key: string, own = `${tag('Size', 1)}${tag('LastModified', DATE)}`) =>
  tag('Contents', `${tag('Key', key)}${own}`);
const prefixed = (prefix: string) => tag('CommonPrefixes', tag('Prefix', prefix));
const last = tag('IsTruncated', false);
const more = (token: string | number) => `${tag('IsTruncated', true)}${tag('NextContinuationToken', token)}`;

interface Listed {
  objects: { key: string }[];
  prefixes: string[];
  nextToken: string | null;
}
const gathered = async (told: Page, params: object = {}): Promise<Listed> => {
  page = told;
  pages = 0;
  return ((await run(source, options, 'listObjects', { ...params })) as Value).value as Listed;
};
const streamed = async (told: Page, params: object = {}): Promise<unknown[]> => {
  page = told;
  pages = 0;
  const { items } = (await run(source, options, 'listObjects', { ...params }, { want: 'items' })) as Items;
  const all: unknown[] = [];
  for await (const batch of items) for (const json of batch) all.push(JSON.parse(json));
  return all;
};

describe.each([
  ['gathered', gathered],
  ['streamed', streamed],
])('a listing, %s,', (_way, list) => {
  const refused = async (told: Page, params: object = {}) =>
    expect(await failed(list(told, params))).toMatchObject({ code: 'BAD_RESPONSE' });

  it.each<[string, Page, object?]>([
    ['that goes on, but does not say where', () => `${object('p/a')}${tag('IsTruncated', true)}`],
    ['whose token is empty', () => `${object('p/a')}${more('')}`],
    ['that goes on at its limit without a token', () => `${object('p/a')}${tag('IsTruncated', true)}`, { limit: 1 }],
    ['whose token does not move', (_asked, at) => `${object(`p/${at}`)}${more('same')}`],
    ['whose token is the one that was asked for', () => `${object('p/a')}${more('mine')}`, { token: 'mine', limit: 1 }],
    ['whose tokens go round', (_asked, at) => `${object(`p/${at}`)}${more(at % 7)}`],
    ['that tells the same page under new tokens', (_asked, at) => `${object('p/a')}${object('p/b')}${more(at)}`],
    [
      'that begins each page where the one before ended',
      (_asked, at) => `${object(`p/${at}`)}${object(`p/${at + 1}`)}${more(at)}`,
    ],
    [
      'that goes back to its first page',
      (_asked, at) => `${object(`p/${at % 5}`)}${object(`p/x${at % 5}`)}${more(at)}`,
    ],
    ['with an object twice in a page', () => `${object('p/a')}${object('p/b')}${object('p/a')}${last}`],
    ['of pages without anything, for ever', (_asked, at) => more(at)],
    ['with more objects than were asked for', () => `${object('p/a')}${object('p/b')}${last}`, { limit: 1 }],
    [
      'with more prefixes than were asked for',
      () => `${object('p/a')}${prefixed('p/b/')}${last}`,
      { limit: 1, delimiter: '/' },
    ],
    ['of what is not below the prefix of the source', () => `${object('private/secret.txt')}${last}`],
    ['of the folder above', () => `${object('p')}${last}`],
    ['of what is not below the prefix that was asked for', () => `${object('p/b/c')}${last}`, { prefix: 'a/' }],
    ['of the marker of the source though a prefix was asked for', () => `${object('p/')}${last}`, { prefix: 'a/' }],
    ['of another folder among others', () => `${object('p/a')}${object('q/b')}${object('p/c')}${last}`],
    [
      'of another folder behind a delimiter',
      () => `${object('private/x')}${prefixed('p/a/')}${last}`,
      { delimiter: '/' },
    ],
    ['with a common prefix elsewhere', () => `${prefixed('private/')}${last}`, { delimiter: '/' }],
    [
      'with a common prefix that is not below the one asked for',
      () => `${prefixed('p/b/')}${last}`,
      { delimiter: '/', prefix: 'a/' },
    ],
    ['with the prefix of the source as common prefix', () => `${prefixed('p/')}${last}`, { delimiter: '/' }],
    [
      'with the prefix that was asked for as common prefix',
      () => `${prefixed('p/a/')}${last}`,
      { delimiter: '/', prefix: 'a/' },
    ],
    ['with an empty common prefix', () => `${prefixed('')}${last}`, { delimiter: '/' }],
    ['with a common prefix that has none', () => `<CommonPrefixes/>${last}`, { delimiter: '/' }],
    ['with an empty key', () => `${object('')}${last}`],
    ['with an object without a key', () => `${tag('Contents', tag('Size', 1))}${last}`],
    ['with an object of which nothing is told', () => `<Contents/>${last}`],
    ['with an object that is a text', () => `${tag('Contents', 'p/a')}${last}`],
    ['with two keys of an object', () => `${object('p/a', tag('Key', 'p/b'))}${last}`],
    ['with a key that is an element', () => `${object('<b>p/a</b>')}${last}`],
    ['with a key that cannot be decoded', () => `${tag('EncodingType', 'url')}${object('p/%zz')}${last}`],
    [
      'with a key that leaves the prefix once it is decoded',
      () => `${tag('EncodingType', 'url')}${object('p%5Csecret')}${last}`,
    ],
    ...['rubbish', '-1', '1.5', '1e30', 'NaN', '99999999999999999999'].map((size): [string, Page] => [
      `with an object of the size ${size}`,
      () => `${object('p/a', tag('Size', size))}${last}`,
    ]),
    ['with an object without a size', () => `${object('p/a', '')}${last}`],
    ['with two sizes of an object', () => `${object('p/a', tag('Size', 1) + tag('Size', 2))}${last}`],
    ...['rubbish', '0', '', '2026-13-45T00:00:00Z'].map((date): [string, Page] => [
      `with an object of the date ${JSON.stringify(date)}`,
      () => `${object('p/a', tag('Size', 1) + tag('LastModified', date))}${last}`,
    ]),
    [
      'with two dates of an object',
      () => `${object('p/a', tag('Size', 1) + tag('LastModified', DATE) + tag('LastModified', DATE))}${last}`,
    ],
    ['that says twice whether it goes on', () => `${object('p/a')}${last}${last}`],
  ])('%s is BAD_RESPONSE', async (_name, told, params) => {
    await refused(told, params);
  });

  it.each<[string, Page, string[], object?]>([
    [
      'of pages that are not in order',
      (_asked, at) => `${object(`p/${9 - at}`)}${at < 3 ? more(at) : last}`,
      ['9', '8', '7', '6'],
    ],
    [
      'with pages without anything',
      (_asked, at) => (at % 9 < 8 ? more(at) : `${object(`p/${at}`)}${at < 60 ? more(at) : last}`),
      ['8', '17', '26', '35', '44', '53', '62'],
    ],
    ['that does not say that it has ended', () => object('p/a'), ['a']],
    [
      'that says by its token alone that it goes on',
      (_asked, at) => `${object(`p/${at}`)}${at < 2 ? tag('NextContinuationToken', at) : ''}`,
      ['0', '1', '2'],
    ],
    [
      'that has ended though there is a token',
      () => `${object('p/a')}${last}${tag('NextContinuationToken', 'x')}`,
      ['a'],
    ],
    ['with the marker where the prefix begins', () => `${object('p/')}${object('p/a')}${last}`, ['a']],
    [
      'of keys that need decoding',
      () => `${tag('EncodingType', 'url')}${object('p%2Fa+b%2Bc')}${last}`,
      ['a b+c'],
      { prefix: 'a b' },
    ],
  ])('%s is one', async (_name, told, keys, params) => {
    const found = await list(told, params);
    const objects = Array.isArray(found) ? (found as Listed['objects']) : found.objects;
    expect(objects.map(({ key }) => key)).toEqual(keys);
    if (!Array.isArray(found)) expect(found.nextToken).toBeNull();
  });

  it.each([
    ['2016-12-31T23:59:60.000Z', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2017-01-01T00:59:60.500+01:00', '2017-01-01T00:00:00.500Z'],
    ['2026-03-01T12:00:59Z', '2026-03-01T12:00:59.000Z'],
  ])('has the date %s as it is', async (date, told) => {
    const own = tag('Size', 1) + tag('LastModified', date);
    const found = await list(() => `${object('p/ä', own)}${object('p/ü', own)}${last}`);
    const objects = Array.isArray(found) ? found : found.objects;
    expect(objects).toEqual(['ä', 'ü'].map((key) => ({ key, size: 1, etag: null, lastModified: told })));
  });

  it('has an entity tag and a date where the store tells one', async () => {
    const told = ['', tag('ETag', ''), tag('ETag', 'rubbish'), tag('ETag', '"a", "b"'), tag('ETag', '&quot;a&quot;')];
    const found = await list(() => told.map((own, at) => object(`p/${at}`, tag('Size', 1) + own)).join('') + last);
    const objects = Array.isArray(found) ? found : found.objects;
    const expected = told.map((_own, at) => ({
      key: `${at}`,
      size: 1,
      etag: at === 4 ? '"a"' : null,
      lastModified: null,
    }));
    expect(objects).toEqual(expected);
  });
});

it('a streamed listing gives the pages that are good, and ends with why there are no more', async () => {
  page = (_asked, at) => `${object(`p/${at}`)}${at < 2 ? more(at) : tag('IsTruncated', true)}`;
  pages = 0;
  const { items } = (await run(source, options, 'listObjects', {}, { want: 'items' })) as Items;
  const keys: string[] = [];
  const error = await failed(
    (async () => {
      for await (const batch of items) for (const json of batch) keys.push(JSON.parse(json).key);
    })(),
  );
  expect(keys).toEqual(['0', '1']);
  expect(error).toMatchObject({ code: 'BAD_RESPONSE' });
});

it('a page that is larger than any may be is not read to its end', async () => {
  const padded: Page = () => `${last}<Padding>${'x'.repeat(20 * 2 ** 20)}</Padding>`;
  expect(await failed(gathered(padded))).toMatchObject({ code: 'BAD_RESPONSE' });
  expect(await failed(streamed(padded))).toMatchObject({ code: 'BAD_RESPONSE' });
});
