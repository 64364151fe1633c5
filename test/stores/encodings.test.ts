import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { synthetic } from '../../demo/synthetic.ts';
import { unpack, UNPACKED } from '../encodings/unpack.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';
import { type Frame, startFlow } from '../flow.ts';
import { until } from '../service.ts';
import { type Codap, startCodap } from './codap.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const LARGE = 8_000_000;
const COUNT = 20;

/** What each large object holds: another part of the same content. */
const large = (at: number) => Buffer.concat([...synthetic(at * 1000, at * 1000 + LARGE)]);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let codap: Codap;
beforeAll(async () => {
  const { region, ...credentials } = inject('stores').s3;
  const s3 = new S3Client({ endpoint: inject('stores').s3Endpoint, region, credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'encodings' })).catch(() => {});
  for (let at = 0; at < COUNT; at += 1) {
    const Key = `large/${String(at).padStart(2, '0')}.bin`;
    await s3.send(new PutObjectCommand({ Bucket: 'encodings', Key, Body: large(at), ContentType: 'video/mp4' }));
  }
  for (const month of ['01', '02', '03']) {
    const Body = `month,sold\n${month},1\n`;
    await s3.send(
      new PutObjectCommand({ Bucket: 'encodings', Key: `reports/${month}.csv`, Body, ContentType: 'text/csv' }),
    );
  }
  s3.destroy();
  codap = await startCodap(inject('stores'), {
    shop: { database: 'shop', collections: ['users', 'orders', 'products'] },
    files: { bucket: 'encodings' },
  });
});
afterAll(() => codap[Symbol.asyncDispose]());

const object = (key: string, more: object = {}) => ({ source: 'files', op: 'getObject', params: { key }, ...more });
const listed = (prefix: string) => ({
  list: { source: 'files', op: 'listObjects', params: { prefix }, hidden: true },
  files: {
    forEach: { $result: '/list/objects' },
    as: { $item: '/key' },
    source: 'files',
    op: 'getObject',
    params: { key: { $item: '/key' } },
  },
});

describe.each(['application/x-ndjson', 'text/event-stream'])('%s from real stores', (accept) => {
  const framesOf = async (query: object): Promise<Frame[]> =>
    (await startFlow(`${codap.url}/kv`, { queries: { q: { ...query, stream: true } } }, { accept })).rest();
  const find = { source: 'shop', op: 'find', params: { collection: 'orders', sort: { number: 1 }, batchSize: 5 } };
  const aggregate = {
    source: 'shop',
    op: 'aggregate',
    params: { collection: 'orders', pipeline: [{ $sort: { number: 1 } }], batchSize: 5 },
  };

  it.each([
    ['find', find],
    ['aggregate', aggregate],
  ])('streams %s: the same documents, one by one', async (_, query) => {
    const frames = await framesOf(query);
    const gathered = (await codap.kv({ q: query })).results.q.value;
    expect(gathered).toHaveLength(24);
    expect(frames.slice(0, -2).map(({ value }) => value)).toEqual(gathered);
    expect(frames.slice(-2)).toMatchObject([
      { event: 'reply', path: '/q', status: 'ok', items: 24 },
      { event: 'end', complete: true },
    ]);
  });

  it('streams listObjects, object by object', async () => {
    const frames = await framesOf({ source: 'files', op: 'listObjects', params: { prefix: 'large/' } });
    expect(frames.filter(({ event }) => event === 'item')).toHaveLength(COUNT);
    expect(frames[0]).toMatchObject({ path: '/q', index: 0, value: { key: 'large/00.bin', size: LARGE } });
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: true });
  });
});

describe('archives of real objects', () => {
  it.each(UNPACKED)('are unpacked by %s (%s)', async (program, accept) => {
    const queries = {
      ...listed('reports/'),
      user: { source: 'shop', op: 'countDocuments', params: { collection: 'users' } },
    };
    const answer = await askBytes(`${codap.url}/kv`, { queries }, accept);
    const bytes = await answer.read();
    const files = await unpack(program, bytes);
    expect(Object.fromEntries([...files].map(([name, content]) => [name, String(content)]))).toEqual({
      'reports/01.csv': 'month,sold\n01,1\n',
      'reports/02.csv': 'month,sold\n02,1\n',
      'reports/03.csv': 'month,sold\n03,1\n',
      'user.json': '5',
    });
  });

  it.each(['/kv', '/ordered', '/first-reply'])('hold 20 large ones, byte for byte, under %s', async (path) => {
    const queries = Object.fromEntries(
      Array.from({ length: COUNT }, (_, at) => [
        at,
        object(`large/${String(at).padStart(2, '0')}.bin`, { as: `${at}` }),
      ]),
    );
    const body = { queries: path === '/kv' ? queries : Object.values(queries) };
    const files = await unpack('unzip', await (await askBytes(codap.url + path, body, 'application/zip')).read());
    expect(files.size).toBe(COUNT);
    for (let at = 0; at < COUNT; at += 1) expect(sha256(files.get(`${at}`) as Buffer)).toBe(sha256(large(at)));
  });

  it('list what is not there, and what the store refuses', async () => {
    const queries = [object('none.bin'), object('reports/01.csv', { as: 'a.csv' })];
    const answer = await askBytes(`${codap.url}/ordered`, { queries }, 'application/zip');
    const files = await unpack('zipfile', await answer.read());
    expect([...files.keys()].toSorted()).toEqual(['_INCOMPLETE.json', 'a.csv']);
    expect(incomplete(files).errors).toMatchObject([{ path: '/0', entry: null, error: { code: 'NOT_FOUND' } }]);
  });

  it.each(['application/zip', 'application/x-tar', 'application/gzip', 'application/octet-stream'])(
    'let go of the store when the client leaves in the middle, under %s',
    async (accept) => {
      await using proxy = await startTcpProxy(Number(new URL(inject('stores').s3Endpoint).port));
      await using behind = await startCodap(inject('stores'), {
        files: { bucket: 'encodings', endpoint: `http://127.0.0.1:${proxy.port}`, concurrency: 1 },
      });
      const queries = Object.fromEntries(
        Array.from({ length: accept === 'application/octet-stream' ? 1 : COUNT }, (_, at) => [
          at,
          object(`large/${String(at).padStart(2, '0')}.bin`),
        ]),
      );
      const answer = await askBytes(`${behind.url}/kv`, { queries }, accept);
      // Beyond what is read ahead: the rest is under way.
      for (let got = 0; got < 300_000;) {
        const chunk = answer.body.read() as Buffer | null;
        if (chunk) got += chunk.length;
        else await once(answer.body, 'readable');
      }
      const before = proxy.connections;
      answer.leave();
      // A connection is of no more use with a body cut in its middle.
      await until(() => proxy.connections < before, 'the body is cut', 1000);
      const next = { queries: { a: object('reports/01.csv') } };
      const after = await askBytes(`${behind.url}/kv`, next, 'application/octet-stream');
      expect(String(await after.read())).toBe('month,sold\n01,1\n');
    },
  );
});

describe('raw bytes of a real object', () => {
  const ask = (params: object) =>
    askBytes(
      `${codap.url}/kv`,
      { queries: { a: { source: 'files', op: 'getObject', params } } },
      'application/octet-stream',
    );

  it('come with type, length and ETag, whole or by range', async () => {
    const whole = await ask({ key: 'large/03.bin' });
    expect(whole.status).toBe(200);
    expect(whole.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(LARGE),
      etag: expect.stringMatching(/^".+"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    });
    expect(sha256(await whole.read())).toBe(sha256(large(3)));
    const part = await ask({ key: 'large/03.bin', range: 'bytes=1000-1999' });
    expect(part.status).toBe(206);
    expect(part.headers).toMatchObject({
      'content-range': `bytes 1000-1999/${LARGE}`,
      'content-length': '1000',
      etag: whole.headers['etag'],
    });
    expect((await part.read()).equals(large(3).subarray(1000, 2000))).toBe(true);
  });

  it('that are not there are a 404', async () => {
    const answer = await ask({ key: 'none.bin' });
    expect([answer.status, JSON.parse(String(await answer.read())).code]).toEqual([404, 'NOT_FOUND']);
  });
});
