import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { MongoClient } from 'mongodb';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { COLLECTIONS } from '../../demo/data.ts';
import { seed } from '../../demo/seed.ts';
import { ROOT } from '../../stores/folder.ts';
import { type RealStores, startRealStores } from '../../stores/real-stores.ts';

const QUICK = { serverSelectionTimeoutMS: 5_000, socketTimeoutMS: 300, heartbeatFrequencyMS: 500, retryReads: false };

const s3Client = ({ s3Endpoint, s3: { region, ...credentials } }: Pick<RealStores, 's3Endpoint' | 's3'>) =>
  new S3Client({ endpoint: s3Endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });

const read = async (client: S3Client, Bucket: string, Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
};

describe('the stores that all suites share', () => {
  it('hold the sample documents, however often they are seeded', async () => {
    const stores = inject('stores');
    await using client = new MongoClient(stores.mongoUrl);
    await seed(stores);
    for (const [name, documents] of Object.entries(COLLECTIONS)) {
      const found = await client
        .db('shop')
        .collection(name)
        .find({}, { promoteLongs: false })
        .sort({ _id: 1 })
        .toArray();
      expect(found).toEqual(documents);
    }
  });

  it('hold the sample objects, large ones whole', async () => {
    const client = s3Client(inject('stores'));
    expect(await read(client, 'photos', 'public/welcome.txt')).toContain('Grüße');
    const film = await client.send(
      new GetObjectCommand({ Bucket: 'files', Key: 'films/reading-1.bin', Range: 'bytes=19999999-' }),
    );
    expect(film.ContentRange).toBe('bytes 19999999-19999999/20000000');
    await film.Body?.transformToByteArray();
    client.destroy();
  });
});

describe('servers started for one suite', () => {
  let stores: RealStores;
  let mongo: MongoClient;
  let s3: S3Client;

  beforeAll(async () => {
    stores = await startRealStores();
    mongo = new MongoClient(stores.mongoUrl, QUICK);
    s3 = s3Client(stores);
  });

  afterAll(async () => {
    await mongo.close();
    s3.destroy();
    await stores.close();
  });

  it('keep MongoDB documents through kill -9 and come back on the same port', async () => {
    await mongo
      .db('crash')
      .collection<{ _id: number }>('kept')
      .insertMany([{ _id: 1 }, { _id: 2 }]);
    const before = stores.mongo.pid;
    await stores.mongo.kill();
    expect(stores.mongo.pid).toBeUndefined();
    await stores.mongo.restart();
    expect(stores.mongo.pid).not.toBe(before);
    expect(await mongo.db('crash').collection('kept').countDocuments()).toBe(2);
  });

  it('keep S3 objects through kill -9 and come back on the same port', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'crash' }));
    await s3.send(new PutObjectCommand({ Bucket: 'crash', Key: 'kept.txt', Body: 'still here' }));
    await stores.s3Server.kill();
    await expect(read(s3, 'crash', 'kept.txt')).rejects.toThrow();
    await stores.s3Server.restart();
    expect(await read(s3, 'crash', 'kept.txt')).toBe('still here');
  });

  it('stall while paused, connections open, and answer again once resumed', async () => {
    await mongo.db('admin').command({ ping: 1 });
    await Promise.all([stores.mongo.pause(), stores.s3Server.pause()]);
    try {
      await expect(mongo.db('admin').command({ ping: 1 })).rejects.toThrow(/timed out/);
      await expect(fetch(`${stores.s3Endpoint}/health`, { signal: AbortSignal.timeout(300) })).rejects.toThrow(
        /timeout/,
      );
    } finally {
      stores.mongo.resume();
      stores.s3Server.resume();
    }
    expect(await mongo.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
    expect((await fetch(`${stores.s3Endpoint}/health`)).status).toBe(200);
  });

  it('let a test make MongoDB fail by a fail point', async () => {
    const arm = (mode: object | string) =>
      mongo
        .db('admin')
        .command({ configureFailPoint: 'failCommand', mode, data: { failCommands: ['count'], errorCode: 11_600 } });
    await arm({ times: 1 });
    await expect(mongo.db('crash').command({ count: 'kept' })).rejects.toMatchObject({ code: 11_600 });
    await arm('off');
    expect(await mongo.db('crash').command({ count: 'kept' })).toMatchObject({ ok: 1 });
  });

  it('end with the process that started them, even if that is killed', async () => {
    const script = `const { startRealStores } = await import('${ROOT}stores/real-stores.ts');
      console.log(JSON.stringify((await startRealStores()).s3Endpoint))`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const health = `${JSON.parse(line.toString())}/health`;
    expect((await fetch(health)).status).toBe(200);
    starter.kill('SIGKILL');
    await vi.waitFor(async () => expect(fetch(health)).rejects.toThrow('fetch failed'), 5_000);
  });

  it('are apart from one another, and gone once closed', async () => {
    const other = await startRealStores();
    expect(other.mongoUrl).not.toBe(stores.mongoUrl);
    expect(other.s3Endpoint).not.toBe(stores.s3Endpoint);
    await other.close();
    await expect(fetch(`${other.s3Endpoint}/health`)).rejects.toThrow('fetch failed');
  });
});
