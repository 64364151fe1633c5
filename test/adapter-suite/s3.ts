import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Body, Items } from '../../src/store/payload.ts';
import { failed } from '../adapters/failed.ts';
import { commonSuite } from './common.ts';
import { inParallel } from './in-parallel.ts';
import { type OpenAdapter, openAdapter } from './open-adapter.ts';

/** An S3 server for the suite, which fills a bucket of its own there. */
export interface S3UnderTest {
  readonly endpoint: string;
  readonly access: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string };
  /** What takes the place of `access` to be refused. */
  readonly stranger: { readonly accessKeyId?: string; readonly secretAccessKey?: string };
  close?(): Promise<void>;
}

const BUCKET = 'adapter-suite';
const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const lines = Buffer.from('0123456789'.repeat(1000));

interface Stored {
  readonly body: Buffer | string;
  readonly type?: string;
  readonly more?: object;
}

const OBJECTS: Readonly<Record<string, Stored>> = {
  'text.txt': { body: 'Grüße\n', type: 'text/plain; charset=utf-8', more: { Metadata: { who: 'ada' } } },
  'latin.txt': { body: Buffer.from('Grüße\n', 'latin1'), type: 'text/plain; charset=iso-8859-1' },
  'data.json': { body: '{"n": 9007199254740993, "n2": [1.0]}', type: 'application/json' },
  'broken.json': { body: '{"n": ', type: 'application/json' },
  'packed.json': { body: gzipSync('{"packed":true}'), type: 'application/json', more: { ContentEncoding: 'gzip' } },
  'bytes.bin': { body: bytes, type: 'application/octet-stream' },
  'digits.bin': { body: lines, type: 'application/octet-stream' },
  'film.bin': { body: Buffer.alloc(4_000_000, 'film'), type: 'application/octet-stream' },
  empty: { body: Buffer.alloc(0), type: 'text/plain' },
};
/** Keys with what URLs, XML and shells give a meaning to. */
const KEYS = [
  'a b.txt',
  'ü+%.txt',
  'ключ/語 🗝.txt',
  `'"&<>.txt`,
  'a=b?c#d;e.txt',
  '(~!*).txt',
  '%41.txt',
  '__proto__',
  'constructor',
  '...',
  '.hidden',
  'a..b/c',
];
const FOLDERS = ['tree/a/1', 'tree/a/2', 'tree/b/1', 'tree/c', 'tree/d'];
const MANY = 2500;
const many = Array.from({ length: MANY }, (_, at) => `many/${String(at).padStart(4, '0')}`);

interface Listing {
  objects: { key: string; size: number; etag: string; lastModified: string }[];
  prefixes: string[];
  nextToken: string | null;
}

/** What the s3 adapter promises, on any server that speaks S3. */
export function s3Suite(open: () => Promise<S3UnderTest>): void {
  let server: S3UnderTest;
  let store: OpenAdapter;

  const options = (own: object = {}) => ({
    adapter: 's3',
    endpoint: server.endpoint,
    ...server.access,
    forcePathStyle: true,
    bucket: BUCKET,
    prefix: 'public/',
    ...own,
  });
  const source = (own?: object) => openAdapter(options(own));

  beforeAll(async () => {
    server = await open();
    const { region, ...credentials } = server.access;
    const client = new S3Client({ endpoint: server.endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
      if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
    });
    const put = (Key: string, { body, type, more }: Stored) =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: body, ContentType: type, ...more }));
    await put('private/secret.txt', { body: 'secret' });
    for (const [key, object] of Object.entries(OBJECTS)) await put(`public/${key}`, object);
    for (const key of KEYS) await put(`public/odd/${key}`, { body: key, type: 'text/plain' });
    await inParallel(20, [...FOLDERS, ...many], (key) => put(`public/${key}`, { body: key }));
    client.destroy();
    store = await source();
  }, 60_000);

  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await server.close?.();
  });

  const get = (key: string, params: object = {}) => store.value('getObject', { key, ...params });
  const list = async (params: object) => (await store.json('listObjects', params)) as Listing;
  const keys = async (params: object) => (await list(params)).objects.map(({ key }) => key);

  const presign = async (params: object) =>
    (await store.json('presignGetObject', params)) as { url: string; expiresAt: string };

  commonSuite(
    {
      nowhere: { endpoint: 'http://127.0.0.1:1' },
      value: { op: 'getObject', params: { key: 'text.txt' }, json: 'Grüße\n' },
      faulty: { op: 'getObject', params: { key: '../private/secret.txt' }, at: 'key' },
      later: {
        op: 'getObject',
        params: (key) => ({ key }),
        sent: (key) => ({ key: new Placeholder('$join', ['public/', key]) }),
      },
      missing: { op: 'getObject', params: { key: 'nothing' } },
      contents: {
        told: { truncated: true, prefixes: { '': { objects: 1000 }, 'many/': {} } },
        value: 'latin',
      },
      flows: [
        { op: 'getObject', params: { key: 'film.bin' }, want: 'body', size: 4_000_000 },
        { op: 'listObjects', params: { prefix: 'many/' }, want: 'items', size: MANY },
      ],
    },
    options,
  );

  describe('getObject', () => {
    test('reads an object by its content type, or as told', async () => {
      expect(await get('text.txt')).toMatchObject({ value: 'Grüße\n', meta: { encoding: 'text', size: 8 } });
      expect(await get('latin.txt')).toMatchObject({ value: 'Grüße\n', meta: { encoding: 'text', size: 6 } });
      expect(await get('bytes.bin')).toMatchObject({ value: bytes.toString('base64'), meta: { encoding: 'base64' } });
      expect(await get('empty')).toMatchObject({ value: '', meta: { size: 0 } });
      expect(await get('data.json', { format: 'text' })).toMatchObject({ value: OBJECTS['data.json']?.body });
      expect(await get('text.txt', { format: 'base64' })).toMatchObject({ value: 'R3LDvMOfZQo=' });
      expect(await get('packed.json')).toMatchObject({ json: '{"packed":true}' });
    });

    test('keeps the digits of JSON, and tells what is none', async () => {
      expect(await get('data.json')).toMatchObject({ json: OBJECTS['data.json']?.body, meta: { encoding: 'json' } });
      for (const params of [{ key: 'broken.json' }, { key: 'bytes.bin', format: 'json' }]) {
        expect(await failed(store.ask('getObject', params))).toMatchObject({ code: 'BAD_RESPONSE' });
      }
      expect(await failed(store.ask('getObject', { key: 'bytes.bin', format: 'text' }))).toMatchObject({
        code: 'BAD_RESPONSE',
      });
    });

    test('tells of an object what the store does', async () => {
      const { meta } = await get('text.txt');
      expect(meta).toEqual({
        status: 200,
        contentType: 'text/plain; charset=utf-8',
        size: 8,
        etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) as string,
        lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        encoding: 'text',
      });
    });

    test.each([
      ['bytes=0-9', lines.subarray(0, 10)],
      ['bytes=9990-', lines.subarray(9990)],
      ['bytes=-3', lines.subarray(-3)],
      ['bytes=9995-20000', lines.subarray(9995)],
      ['bytes=5-5', lines.subarray(5, 6)],
    ])('reads the part %s', async (range, part) => {
      const { value, meta } = await get('digits.bin', { range });
      expect(value).toBe(part.toString('base64'));
      expect(meta).toMatchObject({ status: 206, size: lines.length });
    });

    test('refuses a part that is not there', async () => {
      expect(await failed(get('bytes.bin', { range: 'bytes=256-' }))).toMatchObject({ code: 'INVALID', status: 416 });
    });

    test('answers null for what has not changed', async () => {
      const { meta } = await get('text.txt');
      const unchanged = { json: 'null', value: null, meta: { status: 304 } };
      expect(await get('text.txt', { ifNoneMatch: meta?.etag })).toMatchObject(unchanged);
      // Some stores compare with fractions of a second that they do not tell.
      const ifModifiedSince = new Date(Date.parse(meta?.lastModified ?? '') + 1000).toISOString();
      expect(await get('text.txt', { ifModifiedSince })).toMatchObject(unchanged);
      expect(await get('text.txt', { ifNoneMatch: '"other"' })).toMatchObject({ value: 'Grüße\n' });
      expect(await get('text.txt', { ifModifiedSince: '2001-01-01T00:00:00Z' })).toMatchObject({ value: 'Grüße\n' });
    });

    test('gives the stored bytes as a stream, with their length', async () => {
      const { stream, meta } = (await store.ask('getObject', { key: 'packed.json' }, { want: 'body' })) as Body;
      const stored = OBJECTS['packed.json']?.body as Buffer;
      expect(meta).toMatchObject({ length: stored.length, contentType: 'application/json' });
      expect(Buffer.concat((await stream.toArray()) as Buffer[])).toEqual(stored);
    });

    test('fails for an object larger than the cap, and keeps no connection for it', async () => {
      await using small = await source({ maxBytes: 1024, concurrency: 1 });
      for (let round = 0; round < 20; round++) {
        expect(await failed(small.ask('getObject', { key: 'digits.bin' }))).toMatchObject({ code: 'TOO_LARGE' });
      }
      expect(await small.value('getObject', { key: 'digits.bin', range: 'bytes=0-1' })).toMatchObject({
        value: 'MDE=',
      });
    });
  });

  test('what is not there is NOT_FOUND', async () => {
    for (const op of ['getObject', 'headObject']) {
      const error = await failed(store.ask(op, { key: 'none' }));
      expect(error).toMatchObject({ code: 'NOT_FOUND', status: 404, retryable: false });
      await using other = await source({ bucket: 'no-such-bucket' });
      expect(await failed(other.ask(op, { key: 'text.txt' })), op).toMatchObject({ code: 'NOT_FOUND' });
    }
    await using other = await source({ bucket: 'no-such-bucket' });
    expect(await failed(other.ask('listObjects', {}))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failed(other.ping())).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a version that is not there is no object', async () => {
    const error = await failed(get('text.txt', { versionId: 'none' }));
    expect(['NOT_FOUND', 'INVALID']).toContain(error.code);
  });

  test('headObject tells what there is', async () => {
    expect(await store.json('headObject', { key: 'text.txt' })).toEqual({
      size: 8,
      contentType: 'text/plain; charset=utf-8',
      etag: (await get('text.txt')).meta?.etag,
      lastModified: (await get('text.txt')).meta?.lastModified,
      versionId: null,
      metadata: { who: 'ada' },
    });
  });

  describe('keys', () => {
    test.each(KEYS)('may be %j: read, listed and presigned', async (key) => {
      expect(await get(`odd/${key}`)).toMatchObject({ value: key });
      expect(await keys({ prefix: `odd/${key}` })).toContain(`odd/${key}`);
      const { url } = await presign({ key: `odd/${key}` });
      expect(await (await fetch(url)).text()).toBe(key);
    });

    test('may be filled in, and stay below the prefix', async () => {
      expect(await store.value('getObject', { key: new Filled('text.txt') })).toMatchObject({ value: 'Grüße\n' });
      expect(await failed(store.ask('getObject', { key: 'private/secret.txt' }))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await failed(store.ask('getObject', { key: '/private/secret.txt' }))).toMatchObject({
        code: expect.stringMatching(/NOT_FOUND|INVALID/) as string,
      });
    });

    test.each([
      '../private/secret.txt',
      'a/../../private/secret.txt',
      '%2e%2e/private/secret.txt',
      '%252e%252e%252fprivate',
      './text.txt',
      String.raw`..\private`,
      '..',
      '',
      'a\0b',
      '\ud800',
    ])('may not be %j', (key) => {
      for (const op of ['getObject', 'headObject', 'presignGetObject']) {
        expect(store.faults(op, { key })).toEqual(['key']);
        expect(store.faults(op, { key: new Filled(key) })).toEqual(['key']);
      }
      if (key !== '') expect(store.faults('listObjects', { prefix: key })).toEqual(['prefix']);
    });
  });

  describe('listObjects', () => {
    test('tells of each object, without the prefix of the source', async () => {
      const { objects, prefixes, nextToken } = await list({ prefix: 'text' });
      const { meta } = await get('text.txt');
      expect(objects).toMatchObject([{ key: 'text.txt', size: 8, etag: meta?.etag }]);
      // A listing may tell fractions of a second that a header cannot.
      expect(objects[0]?.lastModified.slice(0, 19)).toBe(meta?.lastModified?.slice(0, 19));
      expect({ prefixes, nextToken }).toEqual({ prefixes: [], nextToken: null });
      expect(await list({ prefix: 'none' })).toEqual({ objects: [], prefixes: [], nextToken: null });
    });

    test('shows what is below a delimiter as one prefix', async () => {
      const { objects, prefixes } = await list({ prefix: 'tree/', delimiter: '/' });
      expect(objects.map(({ key }) => key)).toEqual(['tree/c', 'tree/d']);
      expect(prefixes).toEqual(['tree/a/', 'tree/b/']);
      expect(await keys({ prefix: 'tree/', startAfter: 'tree/a/2' })).toEqual(['tree/b/1', 'tree/c', 'tree/d']);
    });

    test('follows pages up to its limit, and goes on from its token', async () => {
      expect(await keys({ prefix: 'many/', limit: 10_000 })).toEqual(many);
      expect(await keys({ prefix: 'many/' })).toEqual(many.slice(0, 1000));
      const first = await list({ prefix: 'many/', limit: 1700 });
      expect(first.objects).toHaveLength(1700);
      const rest = await list({ prefix: 'many/', limit: 1700, token: first.nextToken });
      expect([...first.objects, ...rest.objects].map(({ key }) => key)).toEqual(many);
      expect(rest.nextToken).toBeNull();
    });

    test('ends with the last page when the limit is all there is', async () => {
      expect(await list({ prefix: 'many/', limit: MANY })).toMatchObject({ nextToken: null });
      expect(await list({ prefix: 'tree/', limit: 5 })).toMatchObject({ nextToken: null });
      expect((await list({ prefix: 'tree/', limit: 4 })).nextToken).not.toBeNull();
    });

    test('streams every object, and may be left in the middle', async () => {
      const streamed: unknown[] = [];
      const all = (await store.ask('listObjects', { prefix: 'many/' }, { want: 'items' })) as Items;
      for await (const page of all.items)
        for (const json of page) streamed.push((JSON.parse(json) as { key: string }).key);
      expect(streamed).toEqual(many);
      const some = (await store.ask('listObjects', { prefix: 'many/' }, { want: 'items' })) as Items;
      for await (const [first] of some.items) {
        expect(JSON.parse(String(first))).toMatchObject({ key: many[0] });
        break;
      }
    });

    test('larger than the cap fails', async () => {
      await using small = await source({ maxBytes: 1024 });
      expect(await failed(small.ask('listObjects', { prefix: 'many/' }))).toMatchObject({ code: 'TOO_LARGE' });
    });
  });

  describe('presignGetObject', () => {
    test('answers an address that gives the object until it expires', async () => {
      const { url, expiresAt } = await presign({ key: 'text.txt', expiresInSeconds: 60 });
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([200, 'Grüße\n']);
      const left = Date.parse(expiresAt) - Date.now();
      expect(left).toBeGreaterThan(50_000);
      expect(left).toBeLessThanOrEqual(60_000);
      expect(store.faults('presignGetObject', { key: 'text.txt', expiresInSeconds: 301 })).toEqual([
        'expiresInSeconds',
      ]);
    });

    test('gives no other object', async () => {
      const { url } = await presign({ key: 'text.txt' });
      const answer = await fetch(url.replace('public/text.txt', 'private/secret.txt'));
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toContain('secret\n');
    });

    test('sends a file name as an attachment', async () => {
      const { url } = await presign({ key: 'text.txt', filename: 'Grüße "1".txt' });
      const answer = await fetch(url);
      await answer.body?.cancel();
      const disposition = answer.headers.get('content-disposition');
      expect(disposition).toMatch(/^attachment;/);
      expect(disposition).toContain("filename*=UTF-8''Gr%C3%BC%C3%9Fe");
    });
  });

  test('who is not known is refused', async () => {
    await using stranger = await source(server.stranger);
    const asking: [string, object][] = [
      ['getObject', { key: 'text.txt' }],
      ['headObject', { key: 'text.txt' }],
      ['listObjects', {}],
    ];
    for (const [op, params] of asking) {
      const error = await failed(stranger.ask(op, params));
      expect(error, op).toMatchObject({ code: 'FORBIDDEN', retryable: false });
      expect(error.message).not.toMatch(/stranger|127\.0\.0\.1/);
    }
  });

  test('a caller who leaves is answered at once', async () => {
    const leaving = new AbortController();
    const asked = failed(store.ask('listObjects', { prefix: 'many/' }, { signal: leaving.signal }));
    leaving.abort();
    expect(await asked).toMatchObject({ code: 'CANCELLED' });
    await expect(store.ping()).resolves.toBeUndefined();
  });
}
