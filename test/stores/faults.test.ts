import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { synthetic } from '../../demo/synthetic.ts';
import { type RealStores, startRealStores } from '../../stores/real-stores.ts';
import { inParallel } from '../adapter-suite/in-parallel.ts';
import { startFlow } from '../flow.ts';
import { until } from '../service.ts';
import { type Codap, startCodap } from './codap.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const ROUNDS = 10;
const LARGE = 6_000_000;
const large = Buffer.concat([...synthetic(0, LARGE)]);

let stores: RealStores;
let codap: Codap;

beforeAll(async () => {
  stores = await startRealStores();
  await using mongo = new MongoClient(stores.mongoUrl);
  const shop = mongo.db('faults');
  await shop.collection<{ _id: number; name: string }>('people').insertMany([{ _id: 1, name: 'Ada' }]);
  await shop.collection('many').insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })));
  const { region, ...credentials } = stores.s3;
  const s3 = new S3Client({ endpoint: stores.s3Endpoint, region, credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'faults' }));
  const put = (Key: string, Body: Buffer | string, ContentType: string) =>
    s3.send(new PutObjectCommand({ Bucket: 'faults', Key, Body, ContentType }));
  await put('text', 'still here', 'text/plain');
  await put('large.bin', large, 'application/octet-stream');
  s3.destroy();
  codap = await startCodap(stores);
});

afterAll(async () => {
  await codap[Symbol.asyncDispose]();
  await stores.close();
});

// One that fails leaves the next its stores.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await Promise.all([stores.mongo.restart(), stores.s3Server.restart()]);
});

const ada = { source: 'shop', op: 'findOne', params: { collection: 'people', filter: { _id: 1 } } };
const text = { source: 'files', op: 'getObject', params: { key: 'text' } };
const body = { source: 'files', op: 'getObject', params: { key: 'large.bin' } };
/** Compares every document with every other, for many seconds. */
const slow = {
  source: 'shop',
  op: 'aggregate',
  params: {
    collection: 'many',
    pipeline: [
      { $lookup: { from: 'many', pipeline: [{ $match: { $expr: { $lt: ['$n', -1] } } }], as: 'none' } },
      { $match: { none: { $ne: [] } } },
    ],
  },
};
const isAda = { status: 'ok', value: { _id: 1, name: 'Ada' } };
const isText = { status: 'ok', value: 'still here' };
const failedWith = (code: string) => ({ status: 'error', error: { code } });
const rounds = Array.from({ length: ROUNDS }, (_, round) => round + 1);

describe('a store killed in the middle of a batch', () => {
  it.each(rounds)('costs its own answer alone, and answers again once it is back: MongoDB, %i', async () => {
    const flow = await startFlow(
      `${codap.url}/kv`,
      { queries: { slow, ada, text } },
      { accept: 'application/x-ndjson' },
    );
    const first = [await flow.next(), await flow.next()];
    await stores.mongo.kill();
    expect(Object.fromEntries(first.map((frame) => [frame?.['path'], frame]))).toMatchObject({
      '/ada': isAda,
      '/text': isText,
    });
    expect(await flow.rest()).toMatchObject([
      { path: '/slow', ...failedWith('UNAVAILABLE') },
      { event: 'end', complete: false, counts: { ok: 2, error: 1 } },
    ]);
    await stores.mongo.restart();
    expect((await codap.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: isText });
  });

  it.each(rounds)('costs its own answer alone, and answers again once it is back: S3, %i', async () => {
    await stores.s3Server.pause();
    const queries = { text, again: { ...text, op: 'headObject' }, ada };
    const flow = await startFlow(`${codap.url}/kv`, { queries }, { accept: 'application/x-ndjson' });
    expect(await flow.next()).toMatchObject({ path: '/ada', ...isAda });
    await stores.s3Server.kill();
    const rest = await flow.rest();
    expect(rest.slice(0, 2)).toMatchObject([failedWith('UNAVAILABLE'), failedWith('UNAVAILABLE')]);
    expect(rest.at(-1)).toMatchObject({ event: 'end', counts: { ok: 1, error: 2 } });
    await stores.s3Server.restart();
    expect((await codap.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: isText });
  });
});

it('stores that are down before codap starts fail their queries, and are found once they are up', async () => {
  await Promise.all([stores.mongo.kill(), stores.s3Server.kill()]);
  await using late = await startCodap(stores);
  expect((await late.kv({ ada, text })).results).toMatchObject({
    ada: failedWith('UNAVAILABLE'),
    text: failedWith('UNAVAILABLE'),
  });
  await stores.mongo.restart();
  expect((await late.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: failedWith('UNAVAILABLE') });
  await stores.s3Server.restart();
  expect((await late.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: isText });
});

it('a store that is down is UNAVAILABLE, and soon so to queries with little time and to readiness', async () => {
  const shop = { timeoutMs: 8000 };
  await using connected = await startCodap(stores, { shop });
  expect((await connected.kv({ ada })).results).toMatchObject({ ada: isAda });
  await stores.mongo.kill();
  try {
    await using late = await startCodap(stores, { shop });
    for (const [service, patienceMs] of [
      [connected, 1600],
      [late, 0],
    ] as const) {
      const isDown = async (timeoutMs: number): Promise<void> => {
        const { results } = await service.kv({ ada: { ...ada, timeoutMs } }, { timeoutMs });
        expect(results.ada).toMatchObject(failedWith('UNAVAILABLE'));
      };
      // One that had answered is waited for, at most 1.5 s from its first failure on.
      await isDown(8000);
      for (const lost = performance.now(); performance.now() - lost < patienceMs;) await isDown(8000);
      const began = performance.now();
      for (const timeoutMs of [1000, 1000, 8000]) await isDown(timeoutMs);
      expect(performance.now() - began).toBeLessThan(3000);
      const { sources } = (await (await fetch(`${service.url}/health/ready`)).json()) as { sources: object[] };
      expect(sources).toContainEqual(expect.objectContaining({ name: 'shop', status: 'down', code: 'UNAVAILABLE' }));
    }
  } finally {
    await stores.mongo.restart();
  }
  expect((await connected.kv({ ada })).results).toMatchObject({ ada: isAda });
});

describe('a store that stalls', () => {
  it.each([
    ['MongoDB', 'ada', 'mongo'],
    ['S3', 'text', 's3Server'],
  ] as const)('keeps nobody beyond the deadline, and answers again once it goes on: %s', async (_, key, server) => {
    expect((await codap.kv({ ada, text })).complete).toBe(true);
    await stores[server].pause();
    try {
      const began = performance.now();
      const { results } = await codap.kv({ ada, text }, { timeoutMs: 400 });
      expect(performance.now() - began).toBeLessThan(1500);
      expect(results).toMatchObject({ ada: isAda, text: isText, [key]: failedWith('TIMEOUT') });
    } finally {
      stores[server].resume();
    }
    expect((await codap.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: isText });
  });

  it('before it was ever connected keeps nobody beyond the deadline either: MongoDB', async () => {
    await stores.mongo.pause();
    try {
      await using late = await startCodap(stores);
      expect((await late.kv({ ada }, { timeoutMs: 400 })).results.ada).toMatchObject(failedWith('TIMEOUT'));
      expect((await late.kv({ ada })).results.ada).toMatchObject(failedWith('TIMEOUT'));
    } finally {
      stores.mongo.resume();
    }
  });
});

it('a query that is too slow for its deadline times out alone', async () => {
  const { results } = await codap.kv({ slow: { ...slow, timeoutMs: 200 }, ada, text });
  expect(results).toMatchObject({ slow: failedWith('TIMEOUT'), ada: isAda, text: isText });
});

it('a wrong password is FORBIDDEN, and tells nothing', async () => {
  await using stranger = await startCodap(stores, {
    shop: { url: stores.mongoUrl.replace('//', '//codap:wr0ng-pass@') },
    files: { secretAccessKey: 'wr0ng-pass' },
  });
  const answer = await stranger.kv({ ada, text });
  expect(answer.results).toMatchObject({ ada: failedWith('FORBIDDEN'), text: failedWith('FORBIDDEN') });
  expect(JSON.stringify(answer)).not.toContain('wr0ng');
});

it('a bucket that is not there is NOT_FOUND', async () => {
  await using other = await startCodap(stores, { files: { bucket: 'not-there' } });
  expect((await other.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: failedWith('NOT_FOUND') });
});

describe('a connection reset in the middle of a body', () => {
  it('is UNAVAILABLE where the body is gathered, and the source is not asked again', async () => {
    await using proxy = await startTcpProxy(Number(new URL(stores.s3Endpoint).port));
    const files = { endpoint: `http://127.0.0.1:${proxy.port}`, retry: false };
    await using behind = await startCodap(stores, { files });
    proxy.resetAfter(1_000_000, 1);
    expect((await behind.kv({ body, ada })).results).toMatchObject({ body: failedWith('UNAVAILABLE'), ada: isAda });
    expect(proxy.resets).toBe(1);
    expect((await behind.kv({ body })).results.body.value).toBe(large.toString('base64'));
  });

  it('is gone on from in an archive', async () => {
    await using proxy = await startTcpProxy(Number(new URL(stores.s3Endpoint).port));
    await using behind = await startCodap(stores, { files: { endpoint: `http://127.0.0.1:${proxy.port}` } });
    proxy.resetAfter(1_000_000, 2);
    const response = await fetch(`${behind.url}/kv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/x-tar' },
      body: JSON.stringify({ queries: { body } }),
    });
    const tar = Buffer.from(await response.arrayBuffer());
    expect(proxy.resets).toBe(2);
    expect(tar.indexOf(large.subarray(0, 1000))).toBe(512);
    expect(tar.subarray(512, 512 + LARGE).equals(large)).toBe(true);
    expect(tar.includes('_INCOMPLETE.json')).toBe(false);
  });
});

it('500 batches that are left at any moment leave nothing open', async () => {
  await using small = await startCodap(stores, { shop: { maxDocuments: 100 } });
  await using mongo = new MongoClient(stores.mongoUrl, { maxPoolSize: 1 });
  const handles = async (pid: number | undefined) => (await readdir(`/proc/${pid}/fd`)).length;
  const cursors = async () => {
    const status = await mongo.db('admin').command({ serverStatus: 1 });
    return (status['metrics'] as { cursor: { open: { total: number } } }).cursor.open.total;
  };
  const open = async () => ({
    codap: await handles(process.pid),
    mongo: await handles(stores.mongo.pid),
    s3: await handles(stores.s3Server.pid),
  });
  const list = (op: string, more: object) => ({
    source: 'shop',
    op,
    params: { collection: 'many', batchSize: 2, ...more },
    stream: true,
  });
  const queries = {
    found: list('find', {}),
    aggregated: list('aggregate', { pipeline: [{ $match: {} }] }),
    // More than may be gathered.
    gathered: { source: 'shop', op: 'aggregate', params: { collection: 'many', pipeline: [{ $match: {} }] } },
    part: { ...body, params: { key: 'large.bin', range: 'bytes=0-100000' } },
  };
  const seed = Date.now();
  console.log(`the moments of leaving: seed ${seed}`);
  // Many at the very start, where the list's first answer is under way, and some far into it.
  const moments = (count: number) =>
    fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed, numRuns: count }).map((part) => 400 * part ** 2);
  const left = { unanswered: 0, answered: 0 };
  const leave = (moment: number) =>
    new Promise<void>((resolve) => {
      const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
      let answered = false;
      const asked = request(`${small.url}/kv`, { method: 'POST', headers, agent: false }, (response) => {
        answered = true;
        response.on('error', () => {}).resume();
      });
      asked.on('error', () => {}).on('close', resolve);
      asked.end(JSON.stringify({ queries }));
      setTimeout(() => {
        left[answered ? 'answered' : 'unanswered'] += 1;
        asked.destroy();
      }, moment);
    });
  // Whoever comes next is answered, and those who leave come no faster than the store can work.
  const leaveAll = (count: number) =>
    inParallel(4, moments(count), async (moment) => {
      await leave(moment);
      const { results } = await small.kv({ ada });
      expect(results, JSON.stringify(results)).toMatchObject({ ada: isAda });
    });

  // A try before this one may have ended in the middle.
  const others = await cursors();
  await leaveAll(50);
  await until(async () => (await cursors()) <= others, 'the cursors are closed', 10_000);
  const before = await open();
  await leaveAll(500);
  expect(left.unanswered).toBeGreaterThan(5);
  expect(left.answered).toBeGreaterThan(5);
  await until(async () => (await cursors()) <= others, 'the cursors are closed', 10_000);
  // A pool holds some connections more or less; a leak would be hundreds.
  await until(async () => {
    const now = await open();
    return now.codap <= before.codap + 20 && now.mongo <= before.mongo + 20 && now.s3 <= before.s3 + 20;
  }, 'the sockets are closed');
  expect((await codap.kv({ ada, text })).results).toMatchObject({ ada: isAda, text: isText });
}, 240_000);
