import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Faults } from '../../demo/faults.ts';
import { type S3Server, startS3 } from '../../demo/s3/server.ts';
import { unframe } from '../../demo/s3/chunked.ts';
import { synthetic } from '../../demo/synthetic.ts';

const credentials = { accessKeyId: 'reader', secretAccessKey: 'not-a-secret' };
const faults = new Faults();
let server: S3Server;
let client: S3Client;

function connect(keys = credentials): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'eu-west-1',
    credentials: keys,
    forcePathStyle: true,
    maxAttempts: 1,
  });
}

async function bytes(Key: string, more: object = {}): Promise<Buffer> {
  const answer = await client.send(new GetObjectCommand({ Bucket: 'b', Key, ...more }));
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
}

function presign(Key: string, expiresIn = 60, more: object = {}): Promise<string> {
  return getSignedUrl(client, new GetObjectCommand({ Bucket: 'b', Key, ...more }), { expiresIn });
}

const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });
const name = (at: number) => `many/${String(at).padStart(4, '0')}`;

beforeAll(async () => {
  server = await startS3({ credentials, faults });
  client = connect();
  await client.send(new CreateBucketCommand({ Bucket: 'b' }));
});
afterEach(() => faults.clear());
afterAll(async () => {
  client.destroy();
  await server.stop();
});

describe('objects', () => {
  it('gives back the bytes, type, ETag and metadata that were put', async () => {
    const Body = Buffer.from('hello');
    await client.send(
      new PutObjectCommand({
        Bucket: 'b',
        Key: 'a b/ü+%.txt',
        Body,
        ContentType: 'text/plain',
        Metadata: { who: 'ada' },
      }),
    );
    const head = await client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'a b/ü+%.txt' }));
    expect(head).toMatchObject({ ContentLength: 5, ContentType: 'text/plain', Metadata: { who: 'ada' } });
    expect(head.ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`);
    expect(await bytes('a b/ü+%.txt')).toEqual(Body);
  });

  it('stores a streamed upload without its framing', async () => {
    const Body = Buffer.concat([...synthetic(0, 300_001)]);
    const pieces = Readable.from([Body.subarray(0, 7), Body.subarray(7, 200_000), Body.subarray(200_000)]);
    await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'streamed', Body: pieces, ContentLength: Body.length }));
    expect((await bytes('streamed')).equals(Body)).toBe(true);
    const { ContentEncoding } = await client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'streamed' }));
    expect(ContentEncoding).toBeUndefined();
  });

  it('takes signed chunks and trailers out of a body, and refuses one that ends early', () => {
    const body =
      '5;chunk-signature=ab\r\nhe\r\no\r\n1\r\n!\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:AAAA\r\n\r\n';
    expect(String(unframe(Buffer.from(body)))).toBe('he\r\no!');
    expect(() => unframe(Buffer.from(body.slice(0, 24)))).toThrow('IncompleteBody');
  });

  it('takes chunks of any sizes out of a body', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }));
    fc.assert(
      fc.property(chunks, (chunks) => {
        const framed = chunks.map((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']);
        const body = Buffer.concat([...framed.flat(), '0\r\n\r\n'].map((one) => Buffer.from(one as Uint8Array)));
        expect(unframe(body).equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  it('forgets what was deleted', async () => {
    server.putObject('b', 'gone', 'x');
    await client.send(new DeleteObjectCommand({ Bucket: 'b', Key: 'gone' }));
    await expect(bytes('gone')).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
  });

  it('keeps the versions it is told to keep', async () => {
    server.putObject('b', 'v', 'one', { versionId: '1' });
    server.putObject('b', 'v', 'two', { versionId: '2' });
    expect(String(await bytes('v'))).toBe('two');
    expect(String(await bytes('v', { VersionId: '1' }))).toBe('one');
    await expect(bytes('v', { VersionId: '3' })).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it.each([
    ['bytes=2-4', 'cde', 'bytes 2-4/10'],
    ['bytes=7-', 'hij', 'bytes 7-9/10'],
    ['bytes=-2', 'ij', 'bytes 8-9/10'],
    ['bytes=8-99', 'ij', 'bytes 8-9/10'],
  ])('answers the range %s', async (Range, text, ContentRange) => {
    server.putObject('b', 'range', 'abcdefghij');
    const answer = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'range', Range }));
    expect(answer).toMatchObject({ ContentRange, ContentLength: text.length, $metadata: { httpStatusCode: 206 } });
    expect(await answer.Body?.transformToString()).toBe(text);
  });

  it('refuses a range behind the end', async () => {
    server.putObject('b', 'range', 'abcdefghij');
    await expect(bytes('range', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  it('answers conditions', async () => {
    const lastModified = new Date('2026-01-02T03:04:05Z');
    server.putObject('b', 'c', 'x', { lastModified });
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'c' }));
    await expect(bytes('c', { IfNoneMatch: ETag })).rejects.toMatchObject(status(304));
    await expect(bytes('c', { IfModifiedSince: lastModified })).rejects.toMatchObject(status(304));
    await expect(bytes('c', { IfMatch: '"other"' })).rejects.toMatchObject(status(412));
    await expect(bytes('c', { IfUnmodifiedSince: new Date('2026-01-01') })).rejects.toMatchObject(status(412));
    expect(String(await bytes('c', { IfMatch: ETag, IfModifiedSince: new Date('2026-01-01') }))).toBe('x');
  });

  it('makes up large objects that are the same at every offset', async () => {
    server.putSynthetic('b', 'huge', 5e12);
    const head = await client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'huge' }));
    expect(head.ContentLength).toBe(5e12);
    const start = 4e12;
    const piece = await bytes('huge', { Range: `bytes=${start}-${start + 2_000_000}` });
    expect(piece.equals(Buffer.concat([...synthetic(start, start + 2_000_001)]))).toBe(true);
  });
});

describe('multipart uploads', () => {
  it('joins the parts in the order of their numbers', async () => {
    const where = { Bucket: 'b', Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...where, ContentType: 'text/plain' }));
    const Parts = [];
    for (const [PartNumber, Body] of [
      [2, 'world'],
      [1, 'hello '],
    ] as const) {
      const { ETag } = await client.send(new UploadPartCommand({ ...where, UploadId, PartNumber, Body }));
      Parts.unshift({ PartNumber, ETag });
    }
    const done = await client.send(
      new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } }),
    );
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(String(await bytes('parts'))).toBe('hello world');
  });

  it('forgets an aborted one', async () => {
    const where = { Bucket: 'b', Key: 'aborted' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(where));
    await client.send(new AbortMultipartUploadCommand({ ...where, UploadId }));
    const part = new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: 'x' });
    await expect(client.send(part)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('listings', () => {
  it('pages through 2,500 objects', async () => {
    for (let at = 0; at < 2500; at += 1) server.putObject('b', name(at), '');
    const keys: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket: 'b', Prefix: 'many/', ContinuationToken }));
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      ContinuationToken = page.NextContinuationToken;
      pages += 1;
    } while (ContinuationToken);
    expect(pages).toBe(3);
    expect(keys).toEqual(Array.from({ length: 2500 }, (_, at) => name(at)));
  });

  it('gathers keys below a delimiter, each common prefix once over all pages', async () => {
    for (const key of ['d/a/1', 'd/a/2', 'd/b', 'd/c/1', 'd/c/2', 'd/d']) server.putObject('b', key, '');
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const list = new ListObjectsV2Command({
        Bucket: 'b',
        Prefix: 'd/',
        Delimiter: '/',
        MaxKeys: 1,
        ContinuationToken,
      });
      const page = await client.send(list);
      expect(page.KeyCount).toBe(1);
      seen.push(
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
        ...(page.Contents ?? []).map(({ Key }) => Key),
      );
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen).toEqual(['d/a/', 'd/b', 'd/c/', 'd/d']);
  });

  it('shows every key or common prefix once, in the order of UTF-8, whatever the keys, prefix and page size', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', ' ', 'é', '\uff5e', '\u{1f600}'), maxLength: 5 });
    const keys = fc.uniqueArray(
      word.filter((key) => key !== ''),
      { minLength: 1, maxLength: 12 },
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(keys, word, fc.integer({ min: 1, max: 4 }), async (keys, Prefix, MaxKeys) => {
        const Bucket = `listed-${(runs += 1)}`;
        for (const key of keys) server.putObject(Bucket, key, '');
        const expected = keys
          .filter((key) => key.startsWith(Prefix))
          .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          .map((key) => (key.includes('/', Prefix.length) ? key.slice(0, key.indexOf('/', Prefix.length) + 1) : key));
        const seen: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const list = { Bucket, Prefix, Delimiter: '/', MaxKeys, ContinuationToken };
          const page = await client.send(new ListObjectsV2Command(list));
          const entries = [
            ...(page.Contents ?? []).map(({ Key }) => Key),
            ...(page.CommonPrefixes ?? []).map((one) => one.Prefix),
          ];
          seen.push(...entries.map(String).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
          ContinuationToken = page.NextContinuationToken;
        } while (ContinuationToken);
        expect(seen).toEqual([...new Set(expected)]);
      }),
      { numRuns: 60 },
    );
  });

  it('starts after a key, and encodes keys that XML cannot hold', async () => {
    for (const key of ['e/1', 'e/2 &\u0001<', 'e/3']) server.putObject('b', key, '');
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: 'b', Prefix: 'e/', StartAfter: 'e/1', EncodingType: 'url' }),
    );
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['e/2+%26%01%3C', 'e/3']);
  });
});

describe('who may ask', () => {
  it('refuses an unknown key, and no key', async () => {
    const stranger = connect({ ...credentials, accessKeyId: 'stranger' });
    const asked = stranger.send(new ListObjectsV2Command({ Bucket: 'b' }));
    await expect(asked).rejects.toMatchObject({ name: 'InvalidAccessKeyId', $metadata: { httpStatusCode: 403 } });
    stranger.destroy();
    expect((await fetch(`http://127.0.0.1:${server.port}/b/c`)).status).toBe(403);
  });

  it('knows which buckets there are', async () => {
    await client.send(new HeadBucketCommand({ Bucket: 'b' }));
    await expect(client.send(new HeadBucketCommand({ Bucket: 'no' }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(client.send(new ListObjectsV2Command({ Bucket: 'no' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });

  it('serves a presigned address under the name it was signed with', async () => {
    server.putObject('b', "it's (1) ü.txt", 'signed');
    const disposition = 'attachment; filename="a b.txt"';
    const answer = await fetch(await presign("it's (1) ü.txt", 60, { ResponseContentDisposition: disposition }));
    expect(answer.headers.get('content-disposition')).toBe(disposition);
    expect(await answer.text()).toBe('signed');
  });

  it('refuses a presigned address that was changed or has expired', async () => {
    server.putObject('b', 'mine', 'mine');
    server.putObject('b', 'yours', 'yours');
    const url = await presign('mine');
    expect((await fetch(url)).status).toBe(200);
    for (const tampered of [
      url.replace('mine', 'yours'),
      url.replace('Expires=60', 'Expires=600'),
      `${url}&versionId=1`,
    ]) {
      const answer = await fetch(tampered);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('SignatureDoesNotMatch');
    }
    const past = new Date(Date.now() - 120_000);
    const expired = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'b', Key: 'mine' }), {
      expiresIn: 60,
      signingDate: past,
    });
    const answer = await fetch(expired);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('expired')]);
  });
});

describe('faults', () => {
  it('slows down, and cuts a body, for as many requests as it was told to', async () => {
    server.putObject('b', 'f', 'abcdef');
    faults.add({ store: 's3', match: 'GetObject f', times: 1, fault: { kind: 'fail' } });
    faults.add({ store: 's3', match: 'GetObject f', times: 1, fault: { kind: 'cut', afterBytes: 3 } });
    await expect(bytes('f')).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await expect(bytes('f')).rejects.toThrow('aborted');
    expect(String(await bytes('f'))).toBe('abcdef');
  });
});
