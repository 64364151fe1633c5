import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { s3, type S3Options } from '../../adapters/s3.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { CodapError } from '../../src/errors.ts';
import type { Body, Items, Value } from '../../src/store/payload.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { answerOf, startRaw } from '../raw-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';
import { context } from './source.ts';

let stores: Stores;
let options: S3Options;
let source: Connection;

beforeAll(async () => {
  stores = await startStores();
  options = s3Options({ endpoint: stores.s3Endpoint }, { maxBytes: 1_000_000 });
  source = await s3.open(options);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await stores.close();
});

const get = (params: Record<string, unknown>, own = {}) =>
  run(source, options, 'getObject', params, own) as Promise<Value>;
const put = (key: string, body: string | Uint8Array, contentType: string, more = {}) =>
  stores.putObject('photos', `public/${key}`, body, { contentType, ...more });
const listed = async (params: Record<string, unknown>) =>
  ((await run(source, options, 'listObjects', params)) as Value).value as {
    objects: { key: string; size: number; etag: string; lastModified: string }[];
    prefixes: string[];
    nextToken: string | null;
  };

async function all({ items }: Items): Promise<string[]> {
  const found: string[] = [];
  for await (const page of items) found.push(...page);
  return found;
}

/** A server of one answer, and a source for it. */
async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  common: Partial<S3Options> = {},
) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = s3Options({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, common);
  const connection = await s3.open(own);
  return {
    get: (more = {}) => run(connection, own, 'getObject', { key: 'a' }, more),
    run: (op: string, params: Record<string, unknown>, more = {}) => run(connection, own, op, params, more),
    ping: () => connection.ping(AbortSignal.timeout(2000)),
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
const refusing = (status: number, code: string, headers = {}) =>
  serving(
    (_request, response) =>
      void response
        .writeHead(status, { 'content-type': 'application/xml', ...headers })
        .end(
          `<Error><Code>${code}</Code><Message>host 10.0.0.1</Message>${code === 'AuthorizationHeaderMalformed' ? '<Region>eu-west-1</Region>' : ''}</Error>`,
        ),
  );

describe('getObject', () => {
  it('passes JSON on as the text it came as', async () => {
    const { json, value, meta } = await get({ key: 'index.json' });
    expect(json).toContain('9007199254740993');
    expect((value as { serial: { text: string } }).serial.text).toBe('9007199254740993');
    expect(meta).toMatchObject({
      status: 200,
      contentType: 'application/json',
      encoding: 'json',
      size: json.length,
      lastModified: '2026-03-01T09:30:00.000Z',
    });
    expect(meta?.etag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  it('is text or base64 by its content type, or as format says', async () => {
    expect(await get({ key: 'welcome.txt' })).toMatchObject({
      value: 'Welcome to the shop. Grüße!\n',
      meta: { encoding: 'text' },
    });
    await put('bytes', Uint8Array.of(0, 255), 'application/octet-stream');
    expect(await get({ key: 'bytes' })).toMatchObject({ value: 'AP8=', meta: { encoding: 'base64', size: 2 } });
    await put('odd', '[1]', 'application/octet-stream');
    expect(await get({ key: 'odd', format: 'json' })).toMatchObject({ json: '[1]', meta: { encoding: 'json' } });
    expect(await get({ key: 'odd', format: 'text' })).toMatchObject({ json: '"[1]"' });
    expect(await get({ key: 'index.json', format: 'base64' })).toMatchObject({ meta: { encoding: 'base64' } });
  });

  it('that is not what it should be is BAD_RESPONSE', async () => {
    await put('bad.json', '{', 'application/json');
    await put('bad.txt', Uint8Array.of(255), 'text/plain');
    await put('bad.gz', '{}', 'application/json', { headers: { 'content-encoding': 'gzip' } });
    for (const params of [
      { key: 'bad.json' },
      { key: 'bad.txt' },
      { key: 'bad.gz' },
      { key: 'bytes', format: 'json' },
    ]) {
      expect(await failed(get(params))).toMatchObject({ code: 'BAD_RESPONSE' });
    }
  });

  it('decodes a stored content encoding where it reads inside, and keeps the stored bytes elsewhere', async () => {
    const gzipped = gzipSync('[1]');
    await put('list.json', gzipped, 'application/json', { headers: { 'content-encoding': 'gzip' } });
    expect(await get({ key: 'list.json' })).toMatchObject({ json: '[1]', meta: { size: gzipped.length } });
    expect((await get({ key: 'list.json', format: 'base64' })).value).toBe(gzipped.toString('base64'));
    const { stream } = (await run(source, options, 'getObject', { key: 'list.json' }, { want: 'body' })) as Body;
    expect(await buffer(stream)).toEqual(gzipped);
    await put('bomb.json', gzipSync(Buffer.alloc(10_000_000, '1')), 'application/json', {
      headers: { 'content-encoding': 'gzip' },
    });
    expect(await failed(get({ key: 'bomb.json' }))).toMatchObject({ code: 'TOO_LARGE' });
  });

  it('takes a range, tells the whole size, and refuses what lies beyond', async () => {
    const { value, meta } = await get({ key: 'welcome.txt', range: 'bytes=0-6' });
    expect(value).toBe('Welcome');
    expect(meta).toMatchObject({ status: 206, size: 30 });
    expect(await failed(get({ key: 'welcome.txt', range: 'bytes=1000-' }))).toMatchObject({
      code: 'INVALID',
      status: 416,
    });
  });

  it.each([
    ['index.json', 'bytes=0-0', { value: '{', meta: { encoding: 'text' } }],
    ['welcome.txt', 'bytes=24-24', { value: 'vA==', meta: { encoding: 'base64' } }],
    ['welcome.txt', 'bytes=0-', { value: 'Welcome to the shop. Grüße!\n', meta: { encoding: 'text' } }],
  ])('reads the part of %s that %s asks for as what it can be', async (key, range, expected) => {
    expect(await get({ key, range })).toMatchObject({ ...expected, meta: { ...expected.meta, status: 206 } });
  });

  it.each(['auto', 'text'])('reads U+FEFF within a text as a character, as %s', async (format) => {
    await put('marked.txt', '\ufeffa\ufeffb', 'text/plain');
    expect(await get({ key: 'marked.txt', format })).toMatchObject({ value: 'a\ufeffb' });
    expect(await get({ key: 'marked.txt', format, range: 'bytes=0-3' })).toMatchObject({ value: 'a' });
    expect(await get({ key: 'marked.txt', format, range: 'bytes=4-' })).toMatchObject({ value: '\ufeffb' });
  });

  it('reads a range of all of an object as the object', async () => {
    await put('all.json', '[1]', 'application/json');
    expect(await get({ key: 'all.json', range: 'bytes=0-' })).toMatchObject({
      json: '[1]',
      meta: { encoding: 'json' },
    });
  });

  it('is ok with null if it has not changed', async () => {
    const { meta } = await get({ key: 'welcome.txt' });
    expect(await get({ key: 'welcome.txt', ifNoneMatch: meta?.etag })).toMatchObject({
      json: 'null',
      meta: { status: 304 },
    });
    expect(await get({ key: 'welcome.txt', ifModifiedSince: '2026-03-01T09:30:00Z' })).toMatchObject({
      json: 'null',
      meta: { status: 304 },
    });
    expect((await get({ key: 'welcome.txt', ifModifiedSince: '2026-01-01' })).meta?.status).toBe(200);
  });

  it('that has not changed tells its tag and its date, where the store does', async () => {
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
    for (const [fields, meta] of [
      [{}, {}],
      [{ etag: '"a"' }, { etag: '"a"' }],
      [
        { etag: '"a"', 'last-modified': date },
        { etag: '"a"', lastModified: '1994-11-06T08:49:37.000Z' },
      ],
      [{ 'last-modified': 'yesterday' }, {}],
    ]) {
      await using store = await serving((_request, response) => void response.writeHead(304, fields).end());
      const params = { key: 'a', ifNoneMatch: '"x"' };
      for (const want of ['value', 'body'] as const) {
        const answer = (await store.run('getObject', params, { want })) as Value | Body;
        expect(answer.meta).toEqual({ status: 304, ...meta });
        expect(await failed(store.get({ want }))).toMatchObject({ code: 'BAD_RESPONSE', status: 304 });
      }
    }
  });

  it('in a transfer encoding that codap does not know is BAD_RESPONSE', async () => {
    const chunk = gzipSync('hi');
    const body = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n0\r\n\r\n')]);
    for (const coding of ['gzip, chunked', 'x, chunked']) {
      const store = await startRaw(() => answerOf([`transfer-encoding: ${coding}`], body));
      const own = s3Options({ endpoint: store.url });
      const connection = await s3.open(own);
      for (const want of ['value', 'body'] as const)
        expect(await failed(run(connection, own, 'getObject', { key: 'a' }, { want }))).toMatchObject({
          code: 'BAD_RESPONSE',
          status: 200,
        });
      await connection[Symbol.asyncDispose]();
      await store.close();
    }
  });

  it('finds a version', async () => {
    await put('versioned', 'one', 'text/plain', { versionId: 'v1' });
    await put('versioned', 'two', 'text/plain', { versionId: 'v2' });
    expect((await get({ key: 'versioned', versionId: 'v1' })).value).toBe('one');
    expect((await get({ key: 'versioned' })).value).toBe('two');
  });

  it.each([
    'a b+c',
    '50%',
    '%zz',
    'a?b#c',
    'ü😀',
    '/lead',
    'a//b',
    'a\\b',
    '...',
    "it's (1)*!",
    'line\nbreak',
    '&<>"',
    ' end ',
    '__proto__',
    'a/',
  ])('finds and lists the key %j', async (key) => {
    await put(`odd/${key}`, key, 'text/plain; charset=utf-8');
    expect((await get({ key: new Filled(`odd/${key}`) })).value).toBe(key);
    expect((await listed({ prefix: 'odd/' })).objects.map((object) => object.key)).toContain(`odd/${key}`);
    const { url } = ((await run(source, options, 'presignGetObject', { key: `odd/${key}` })) as Value).value as {
      url: string;
    };
    expect(await (await fetch(url)).text()).toBe(key);
  });

  it('takes a body and its length', async () => {
    await stores.putSynthetic('photos', 'public/film', 3_000_000);
    const { stream, meta } = (await run(source, options, 'getObject', { key: 'film' }, { want: 'body' })) as Body;
    expect(meta).toMatchObject({ status: 200, size: 3_000_000, length: 3_000_000 });
    expect(await buffer(stream)).toHaveLength(3_000_000);
  });

  it('goes on by range and If-Match, as archives ask', async () => {
    const asked = { key: 'public/film', format: 'auto', range: 'bytes=2999990-' };
    const {
      meta: { etag },
    } = (await source.fetch({ op: 'getObject', params: asked, want: 'value' }, context())) as {
      meta: { etag: string };
    };
    const { stream, meta } = (await source.fetch(
      { op: 'getObject', params: { ...asked, ifMatch: etag }, want: 'body' },
      context(),
    )) as Body;
    expect(meta).toMatchObject({
      status: 206,
      size: 3_000_000,
      length: 10,
      contentRange: 'bytes 2999990-2999999/3000000',
    });
    expect(await buffer(stream)).toHaveLength(10);
    expect(
      await failed(
        source.fetch({ op: 'getObject', params: { ...asked, ifMatch: '"other"' }, want: 'body' }, context()),
      ),
    ).toMatchObject({ code: 'INVALID', status: 412 });
  });

  it('beyond maxBytes is TOO_LARGE, which names the ways out', async () => {
    const error = await failed(get({ key: 'film' }));
    expect(error).toMatchObject({ code: 'TOO_LARGE' });
    expect(error.message).toMatch(/1000000.*presignGetObject.*archive/);
    await stores.putSynthetic('photos', 'public/exact', 1_000_000);
    expect((await get({ key: 'exact' })).meta?.size).toBe(1_000_000);
  });

  it.each([
    [65_536, 70_000, {}],
    // More than an answer may have that is no object.
    [5 * 2 ** 20, 10 * 2 ** 20, {}],
    [5 * 2 ** 20, 10 * 2 ** 20, { 'content-length': 10 * 2 ** 20 }],
  ])('beyond a maxBytes of %i is TOO_LARGE, %i bytes with %j', async (maxBytes, bytes, fields) => {
    await using untold = await serving(
      (_request, response) => void response.writeHead(200, fields).write(Buffer.alloc(bytes)),
      { maxBytes },
    );
    expect(await failed(untold.get())).toMatchObject({ code: 'TOO_LARGE' });
  });
});

it('a ping asks for no more than what lies below the prefix', async () => {
  const asked: string[] = [];
  await using store = await serving(({ method, url = '' }, response) => {
    asked.push(url);
    if (method !== 'GET' || !url.includes('prefix=public%2F')) response.writeHead(403).end();
    else response.end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
  });
  await expect(store.ping()).resolves.toBeUndefined();
  expect(asked).toEqual([expect.stringContaining('max-keys=1&')]);
});

describe('headObject', () => {
  it('tells what the store knows of an object', async () => {
    await put('head', 'abc', 'text/plain', { metadata: { Owner: 'ada' }, lastModified: new Date(0) });
    const { value } = (await run(source, options, 'headObject', { key: 'head' })) as Value;
    expect(value).toEqual({
      size: 3,
      contentType: 'text/plain',
      etag: '"900150983cd24fb0d6963f7d28e17f72"',
      lastModified: '1970-01-01T00:00:00.000Z',
      versionId: null,
      metadata: { owner: 'ada' },
    });
    expect(await failed(run(source, options, 'headObject', { key: 'none' }))).toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
    });
  });

  it.each([
    ['ASCII', 'ada', 'ada'],
    ['UTF-8', Buffer.from('Grüße 😀').toString('latin1'), 'Grüße 😀'],
    ['Latin-1, which is no UTF-8', 'Gr\xfc\xdfe', 'Grüße'],
  ])('tells metadata that is %s', async (_what, sent, who) => {
    const store = await startRaw(() => answerOf([`x-amz-meta-who: ${sent}`, 'x-amz-meta-__proto__: x']));
    const own = s3Options({ endpoint: store.url });
    const connection = await s3.open(own);
    const { value } = (await run(connection, own, 'headObject', { key: 'a' })) as Value;
    expect((value as { metadata: object }).metadata).toEqual(
      JSON.parse(JSON.stringify({ who }).replace('}', ',"__proto__":"x"}')),
    );
    await connection[Symbol.asyncDispose]();
    await store.close();
  });
});

describe('listObjects', () => {
  const keys = Array.from({ length: 2500 }, (_, at) => `many/${String(at).padStart(4, '0')}`);
  beforeAll(async () => {
    for (const key of keys) await put(key, '', 'text/plain');
    await put('', '', 'text/plain');
  });

  it('follows pages up to the limit, and tells how to go on, exactly', async () => {
    expect(await listed({ prefix: 'many/' })).toMatchObject({
      objects: { length: 1000 },
      nextToken: expect.any(String),
    });
    expect(await listed({ prefix: 'many/', limit: 10_000 })).toMatchObject({
      objects: { length: 2500 },
      nextToken: null,
    });
    const first = await listed({ prefix: 'many/', limit: 1203 });
    expect(first.objects.map(({ key }) => key)).toEqual(keys.slice(0, 1203));
    const rest = await listed({ prefix: 'many/', limit: 1297, token: first.nextToken });
    expect(rest.objects.map(({ key }) => key)).toEqual(keys.slice(1203));
    expect(rest.nextToken).toBeNull();
  });

  it('tells keys and prefixes without the prefix of the source', async () => {
    const { objects, prefixes } = await listed({ delimiter: '/' });
    expect(prefixes).toEqual(expect.arrayContaining(['covers/', 'thumbs/', 'many/']));
    expect(objects).toContainEqual({
      key: 'welcome.txt',
      size: 30,
      etag: expect.any(String),
      lastModified: '2026-03-01T09:30:00.000Z',
    });
    expect(objects.map(({ key }) => key)).not.toContain('');
    const one = await listed({ prefix: 'many/', startAfter: 'many/2498' });
    expect(one.objects.map(({ key }) => key)).toEqual(['many/2499']);
    expect(await listed({ prefix: 'nothing' })).toEqual({ objects: [], prefixes: [], nextToken: null });
  });

  it('can be read item by item, to the end', async () => {
    const many = (await run(source, options, 'listObjects', { prefix: 'many/' }, { want: 'items' })) as Items;
    const found = (await all(many)).map((json) => (JSON.parse(json) as { key: string }).key);
    expect(found).toEqual(keys);
    const few = (await run(source, options, 'listObjects', { prefix: 'many/', limit: 3 }, { want: 'items' })) as Items;
    expect(await all(few)).toHaveLength(3);
    const folders = (await run(
      source,
      options,
      'listObjects',
      { prefix: 'c', delimiter: '/' },
      { want: 'items' },
    )) as Items;
    expect(await all(folders)).toEqual(['{"prefix":"covers/"}']);
  });

  it('fails item by item as it does at once, and stops when aborted', async () => {
    await using down = await refusing(503, 'SlowDown');
    const slow = (await down.run('listObjects', {}, { want: 'items' })) as Items;
    expect(await failed(all(slow))).toMatchObject({ code: 'OVERLOADED', status: 503 });
    const controller = new AbortController();
    const reason = new CodapError('TIMEOUT', 'late');
    await using stalled = await serving(() => controller.abort(reason));
    const never = (await stalled.run('listObjects', {}, { want: 'items', signal: controller.signal })) as Items;
    expect(await failed(all(never))).toBe(reason);
  });

  it('of more than maxBytes is TOO_LARGE', async () => {
    const small = { ...options, maxBytes: 1024 };
    await using connection = await s3.open(small);
    expect(await failed(run(connection, small, 'listObjects', {}))).toMatchObject({ code: 'TOO_LARGE' });
  });

  it.each([['a token that is none', 'INVALID', { token: '!' }]])('with %s is %s', async (_name, code, params) => {
    expect(await failed(listed(params))).toMatchObject({ code });
  });

  it.each(['<html><p>', '<html>log in</html>', '<ListBucketResult/>', '{}'])(
    'of something that is no listing is BAD_RESPONSE: %s',
    async (answer) => {
      await using odd = await serving((_request, response) => void response.end(answer));
      expect(await failed(odd.run('listObjects', {}))).toMatchObject({ code: 'BAD_RESPONSE' });
    },
  );
});

const presigned = async (params: Record<string, unknown>, own = options, connection = source) =>
  ((await run(connection, own, 'presignGetObject', params)) as Value).value as { url: string; expiresAt: string };

describe('presignGetObject', () => {
  it('gives an address that serves the object as an attachment of that name, until it expires', async () => {
    const before = Date.now();
    const { url, expiresAt } = await presigned({ key: 'welcome.txt', filename: 'Grüße "1".txt', expiresInSeconds: 60 });
    const answer = await fetch(url);
    expect(await answer.text()).toBe('Welcome to the shop. Grüße!\n');
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="Gr??e _1_.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20_1_.txt`,
    );
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('60');
    expect(Date.parse(expiresAt) - before).toBeGreaterThan(58_000);
    expect(Date.parse(expiresAt) - before).toBeLessThanOrEqual(61_000);
  });

  it('is valid for what the source allows, unless told', async () => {
    expect(new URL((await presigned({ key: 'a' })).url).searchParams.get('X-Amz-Expires')).toBe('300');
  });

  it('is signed for the public endpoint', async () => {
    const seen = s3Options({ endpoint: stores.s3Endpoint, publicEndpoint: 'https://cdn.example' });
    await using connection = await s3.open(seen);
    expect((await presigned({ key: 'a b' }, seen, connection)).url).toMatch(
      /^https:\/\/cdn\.example\/photos\/public\/a%20b\?/,
    );
  });
});

describe('a failure', () => {
  const ELSEWHERE = 'the bucket is in another region';
  const REFUSED = 'the store refused codap';

  it.each([
    [403, 'AccessDenied', 'FORBIDDEN'],
    [403, 'InvalidAccessKeyId', 'FORBIDDEN'],
    [403, 'SignatureDoesNotMatch', 'FORBIDDEN'],
    [400, 'ExpiredToken', 'FORBIDDEN'],
    [401, 'Unauthorized', 'FORBIDDEN'],
    [407, 'ProxyAuthenticationRequired', 'FORBIDDEN'],
    [404, 'NoSuchKey', 'NOT_FOUND'],
    [404, 'NoSuchBucket', 'NOT_FOUND'],
    [503, 'SlowDown', 'OVERLOADED'],
    [503, 'RequestLimitExceeded', 'OVERLOADED'],
    [400, 'ThrottlingException', 'OVERLOADED'],
    [509, 'BandwidthLimitExceeded', 'OVERLOADED'],
    [503, 'ServiceUnavailable', 'UNAVAILABLE'],
    [429, 'TooManyRequests', 'OVERLOADED'],
    [500, 'InternalError', 'UNAVAILABLE'],
    [502, 'BadGateway', 'UNAVAILABLE'],
    [400, 'InvalidArgument', 'INVALID'],
    [412, 'PreconditionFailed', 'INVALID'],
    [400, 'RequestTimeout', 'UNAVAILABLE'],
    [301, 'PermanentRedirect', 'BAD_RESPONSE'],
    [403, 'InvalidObjectState', 'INVALID'],
    [400, 'TokenRefreshRequired', 'FORBIDDEN'],
    [503, 'SlowDownRead', 'OVERLOADED'],
    [503, 'SlowDownWrite', 'OVERLOADED'],
    [400, 'KMS.ThrottlingException', 'OVERLOADED'],
  ])('%i %s is %s, without the text of the store', async (status, name, code) => {
    await using store = await refusing(status, name);
    for (const op of ['getObject', 'listObjects']) {
      const error = await failed(store.run(op, op === 'getObject' ? { key: 'a' } : {}));
      expect(error).toMatchObject({ code, status });
      expect(error.message).not.toContain('10.0.0.1');
    }
  });

  it.each([
    [403, 'AccessDenied', {}, `${REFUSED}: its credentials do not allow this`],
    [403, 'InvalidAccessKeyId', {}, `${REFUSED}: it does not know its access key`],
    [403, 'SignatureDoesNotMatch', {}, `${REFUSED}: its signature is wrong, as it is with a wrong secret key`],
    [400, 'ExpiredToken', {}, `${REFUSED}: its credentials have expired`],
    [403, 'RequestTimeTooSkewed', {}, `${REFUSED}: its clock and that of the store differ too much`],
    [403, 'AllAccessDisabled', {}, `${REFUSED}: its account or the bucket is disabled`],
    [403, 'InvalidObjectState', {}, 'the object is archived: it can be read once it is restored'],
    [404, 'NoSuchBucket', {}, 'there is no such bucket'],
    [503, 'SlowDown', {}, 'the store asks for fewer requests'],
    [400, 'KMS.DisabledException', {}, 'the object is encrypted with a key that cannot be used'],
    [301, 'PermanentRedirect', {}, `${ELSEWHERE}, or has another endpoint`],
    [301, 'PermanentRedirect', { 'x-amz-bucket-region': 'us-west-2' }, `${ELSEWHERE}: us-west-2`],
    [301, 'PermanentRedirect', { 'x-amz-bucket-region': 'host 10.0.0.1' }, `${ELSEWHERE}, or has another endpoint`],
    [301, 'Unheard', { 'x-amz-bucket-region': 'us-gov-east-1' }, `${ELSEWHERE}: us-gov-east-1`],
    [302, 'Found', { location: 'http://10.0.0.1/' }, 'the store answered a redirect (302), which is not followed'],
    [400, 'AuthorizationHeaderMalformed', {}, `${ELSEWHERE}: eu-west-1`],
    [403, 'AccessDenied', { 'x-amz-bucket-region': 'us-west-2' }, `${REFUSED}: its credentials do not allow this`],
    [403, 'host 10.0.0.1', {}, REFUSED],
    [403, '__proto__', {}, REFUSED],
    [400, 'Unheard', {}, 'the store answered 400'],
  ])("%i %s, with %j, is told in codap's words: %s", async (status, name, fields, message) => {
    await using store = await refusing(status, name, fields);
    expect((await failed(store.get())).message).toBe(message);
  });

  it.each([
    [503, 'Slow Down', 'OVERLOADED'],
    [509, 'Bandwidth Limit Exceeded', 'OVERLOADED'],
    [429, 'Too Many Requests', 'OVERLOADED'],
    [503, 'Service Unavailable', 'UNAVAILABLE'],
    [503, ' ', 'UNAVAILABLE'],
    [500, 'Internal Server Error', 'UNAVAILABLE'],
    [404, 'Not Found', 'NOT_FOUND'],
    [403, 'Forbidden', 'FORBIDDEN'],
    [400, 'Bad Request', 'INVALID'],
  ])('without a body is told by its status line: %i %s is %s', async (status, reason, code) => {
    await using store = await serving((_request, response) => void response.writeHead(status, reason).end());
    for (const op of ['headObject', 'getObject'])
      expect(await failed(store.run(op, { key: 'a' }))).toMatchObject({ code, status });
  });

  it.each([
    [503, 'SlowDown', 4000],
    [503, 'ServiceUnavailable', 4000],
    [429, 'TooManyRequests', 4000],
    [500, 'InternalError', undefined],
  ])('%i %s tells how long the store asks to wait: %s ms', async (status, name, retryAfterMs) => {
    await using store = await refusing(status, name, { 'retry-after': '4' });
    expect((await failed(store.run('getObject', { key: 'a' }))).retryAfterMs).toBe(retryAfterMs);
  });

  it('is a wrong credential, a missing key, a missing bucket', async () => {
    const wrong = s3Options({ endpoint: stores.s3Endpoint, accessKeyId: 'stranger' });
    await using stranger = await s3.open(wrong);
    expect(await failed(run(stranger, wrong, 'getObject', { key: 'a' }))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await failed(get({ key: 'none' }))).toMatchObject({ code: 'NOT_FOUND', status: 404 });
    const lost = s3Options({ endpoint: stores.s3Endpoint, bucket: 'none' });
    await using nowhere = await s3.open(lost);
    expect(await failed(run(nowhere, lost, 'listObjects', {}))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failed(nowhere.ping(context().signal))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is a connection that is refused, dropped or cut', async () => {
    const closed = s3Options({ endpoint: 'http://127.0.0.1:1' });
    await using nowhere = await s3.open(closed);
    const refused = await failed(run(nowhere, closed, 'getObject', { key: 'a' }));
    expect(refused).toMatchObject({ code: 'UNAVAILABLE' });
    expect(refused.message).not.toMatch(/127|ECONN/);
    expect(await failed(nowhere.ping(context().signal))).toMatchObject({ code: 'UNAVAILABLE' });
    for (const fault of [{ kind: 'cut' } as const, { kind: 'cut', afterBytes: 10 } as const]) {
      // Twice: what a kept connection brings nothing of is asked for once more, by a new one.
      await stores.addFault({ store: 's3', match: 'welcome', times: 'afterBytes' in fault ? 1 : 2, fault });
      expect(await failed(get({ key: 'welcome.txt' }))).toMatchObject({ code: 'UNAVAILABLE' });
    }
    await stores.addFault({ store: 's3', match: 'film', times: 1, fault: { kind: 'cut', afterBytes: 100_000 } });
    const { stream } = (await run(source, options, 'getObject', { key: 'film' }, { want: 'body' })) as Body;
    expect(await failed(buffer(stream))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('does not use up the sockets', async () => {
    await using store = await refusing(404, 'NoSuchKey');
    await using large = await serving(
      (_request, response) =>
        void response.writeHead(200, { 'content-length': 10_000_000 }).write(Buffer.alloc(200_000)),
      { concurrency: 5 },
    );
    for (let round = 0; round < 20; round++) {
      const settled = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => (at % 2 ? store : large).get()));
      expect(settled.map((it) => it.status === 'rejected' && it.reason.code)).toEqual(
        Array.from({ length: 10 }, (_, at) => (at % 2 ? 'NOT_FOUND' : 'TOO_LARGE')),
      );
    }
  });
});

/** A store whose answer has begun and never ends. */
const openEnded = async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const store = await serving((_request, response) => {
    response.once('close', closed.resolve);
    response.write('first');
    arrived.resolve();
  });
  return Object.assign(store, { closed: closed.promise, arrived: arrived.promise });
};

describe('aborting', () => {
  it('stops a request at once, here and at the store', async () => {
    let gone!: Promise<unknown>;
    const arrived = Promise.withResolvers<void>();
    await using store = await serving((_request, response) => {
      gone = once(response, 'close');
      arrived.resolve();
    });
    const controller = new AbortController();
    const answer = failed(store.get({ signal: controller.signal }));
    await arrived.promise;
    const reason = new CodapError('TIMEOUT', 'late');
    const start = performance.now();
    controller.abort(reason);
    expect(await answer).toBe(reason);
    await gone;
    expect(performance.now() - start).toBeLessThan(50);
  });

  it('or leaving destroys a streamed body, and a body that is being gathered', async () => {
    await using left = await openEnded();
    ((await left.get({ want: 'body' })) as Body).stream.destroy();
    await left.closed;
    const controller = new AbortController();
    await using aborted = await openEnded();
    const { stream } = (await aborted.get({ want: 'body', signal: controller.signal })) as Body;
    await using gathering = await openEnded();
    const gathered = failed(gathering.get({ signal: controller.signal }));
    await gathering.arrived;
    controller.abort();
    expect(await failed(buffer(stream))).toMatchObject({ code: 'CANCELLED' });
    expect(await gathered).toMatchObject({ code: 'CANCELLED' });
    await Promise.all([aborted.closed, gathering.closed]);
  });
});

it('pings', async () => {
  await source.ping(context().signal);
});
