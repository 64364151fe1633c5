import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter } from '../../adapters/adapter.ts';
import { mongo } from '../../adapters/mongo.ts';
import { s3 } from '../../adapters/s3.ts';
import { Who } from '../../src/sources/call.ts';
import type { Sources } from '../../src/sources/open.ts';
import type { Value } from '../../src/store/payload.ts';
import { type RealStores, startRealStores } from '../../stores/real-stores.ts';
import { bounds } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const SIZE = 500_000;
const CALLS = 60;

let stores: RealStores;
let proxies: { readonly shop: TcpProxy; readonly files: TcpProxy };
let opened: Sources;
let attempts = 0;

/** The same store, whose attempts are counted. */
const counted = (adapter: Adapter): Adapter => ({
  ...adapter,
  async open(options) {
    const connection = await adapter.open(options);
    return {
      fetch: (query, context) => {
        attempts += 1;
        return connection.fetch(query, context);
      },
      ping: (signal) => connection.ping(signal),
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  },
});

beforeAll(async () => {
  stores = await startRealStores();
  await using client = new MongoClient(stores.mongoUrl);
  await client
    .db('retries')
    .collection<{ _id: number; text: string }>('large')
    .insertOne({ _id: 1, text: 'x'.repeat(SIZE) });
  const { region, ...credentials } = stores.s3;
  const writer = new S3Client({ endpoint: stores.s3Endpoint, region, credentials, forcePathStyle: true });
  await writer.send(new CreateBucketCommand({ Bucket: 'retries' }));
  await writer.send(
    new PutObjectCommand({ Bucket: 'retries', Key: 'large', Body: 'x'.repeat(SIZE), ContentType: 'text/plain' }),
  );
  writer.destroy();
  const portOf = (url: string) => Number(new URL(url).port);
  proxies = {
    shop: await startTcpProxy(portOf(stores.mongoUrl)),
    files: await startTcpProxy(portOf(stores.s3Endpoint)),
  };
  const url = `mongodb://127.0.0.1:${proxies.shop.port}`;
  const endpoint = `http://127.0.0.1:${proxies.files.port}`;
  const kinds = { mongo: counted(mongo), s3: counted(s3) };
  // Each call of the same is to reach the store, for as long as it is dead.
  const alone = { coalesce: false, breaker: false };
  const sources = {
    shop: { adapter: 'mongo', url, database: 'retries', collections: ['large'], ...alone },
    files: { adapter: 's3', endpoint, ...stores.s3, forcePathStyle: true, bucket: 'retries', ...alone },
  };
  opened = await openSources(parseConfig({ sources }, {}, kinds), kinds);
});

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await proxies.shop[Symbol.asyncDispose]();
  await proxies.files[Symbol.asyncDispose]();
  await stores.close();
});

/** Asks for what is there, or for something else; answers how much it is. */
async function ask(name: 'shop' | 'files', other = 0): Promise<number> {
  const source = opened.sources.get(name)!;
  const key = other === 0 ? 'large' : String(other);
  const op = name === 'shop' ? 'find' : 'getObject';
  const given = name === 'shop' ? { collection: 'large', skip: other } : { key };
  const params = source.prepare(op, given, (path, detail) => {
    throw new Error(`${path.join('/')}: ${detail}`);
  });
  const payload = await source.call({ op, params, want: 'value' }, new Who({ headers: {} }), bounds());
  return (payload as Value).json.length;
}

describe.each([
  ['MongoDB', 'shop', 'mongo'],
  ['S3', 'files', 's3Server'],
] as const)('%s', (_name, name, server) => {
  it('whose answer was cut in the middle is asked again, and answers whole', async () => {
    expect(await ask(name)).toBeGreaterThan(SIZE);
    attempts = 0;
    proxies[name].resetAfter(SIZE / 2, 1);
    expect(await ask(name)).toBeGreaterThan(SIZE);
    expect([attempts, proxies[name].resets]).toEqual([2, 1]);
  });

  it('killed is asked 1.1 times for each call at most, and one time a second, and answers once it is back', async () => {
    await stores[server].kill();
    attempts = 0;
    const from = performance.now();
    for (let at = 0; at < CALLS; at += 20) {
      const calls = Array.from({ length: 20 }, (_, more) => ask(name, at + more));
      for (const one of await Promise.allSettled(calls)) expect(one).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    }
    expect(attempts).toBeGreaterThan(CALLS);
    expect(attempts).toBeLessThanOrEqual(1.1 * CALLS + 10 + (performance.now() - from) / 1000);
    await stores[server].restart();
    expect(await ask(name)).toBeGreaterThan(SIZE);
  });
});
