import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Who } from '../../src/sources/call.ts';
import type { Sources } from '../../src/sources/open.ts';
import { bounds } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';
import { type ScriptedMongo, startScriptedMongo } from '../scripted-mongo.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';

const CALLS = 60;

/** What each store was asked, and how many more of its answers are failures. */
const asked = { rest: 0, reset: 0, s3: 0, mongo: 0 };
let failures = 0;
let web: ScriptedStore;
let mongo: ScriptedMongo;
let opened: Sources;

beforeAll(async () => {
  web = await startScripted((path, response) => {
    const kind = path.startsWith('/rest') ? 'rest' : path.startsWith('/reset') ? 'reset' : 's3';
    asked[kind] += 1;
    failures -= 1;
    if (failures < 0) response.writeHead(200, { 'content-type': 'text/plain' }).end('here');
    else if (kind === 'reset') response.socket?.resetAndDestroy();
    else response.writeHead(kind === 'rest' ? 503 : 500).end();
  });
  mongo = await startScriptedMongo(() => {
    asked.mongo += 1;
    failures -= 1;
    return failures < 0 ? [] : 'cut';
  });
  const keys = { accessKeyId: 'AKIA', secretAccessKey: 'secret-key' };
  const sources = {
    rest: { adapter: 'rest', url: `${web.url}rest/` },
    reset: { adapter: 'rest', url: `${web.url}reset/` },
    s3: { adapter: 's3', endpoint: web.url, bucket: 'bucket', forcePathStyle: true, ...keys },
    // A driver that is told to ask again by itself does not.
    mongo: { adapter: 'mongo', url: `${mongo.url}/?retryReads=true`, database: 'shop', collections: ['c'] },
  };
  opened = await openSources(parseConfig({ sources }));
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await Promise.all([web.close(), mongo.close()]);
});

type Kind = keyof typeof asked;

function ask(kind: Kind, at: number): Promise<unknown> {
  const source = opened.sources.get(kind)!;
  const [op, params] = {
    rest: ['get', { path: String(at) }],
    reset: ['get', { path: String(at) }],
    s3: ['getObject', { key: String(at) }],
    mongo: ['find', { collection: 'c', filter: { n: at } }],
  }[kind] as [string, Record<string, unknown>];
  const prepared = source.prepare(op, params, (path, detail) => {
    throw new Error(`${path.join('/')}: ${detail}`);
  });
  return source.call({ op, params: prepared, want: 'value' }, new Who({ headers: {} }), bounds());
}

describe.each<[string, Kind]>([
  ['REST that answers 503', 'rest'],
  ['REST whose connections are reset', 'reset'],
  ['S3 that answers 500', 's3'],
  ['MongoDB whose connections are cut', 'mongo'],
])('%s', (_name, kind) => {
  it('once is asked again, and answers', async () => {
    failures = 1;
    const before = asked[kind];
    await ask(kind, 0);
    expect(asked[kind] - before).toBe(2);
  });

  it('always is asked 1.1 times for each call at most, and one time a second', async () => {
    failures = Infinity;
    const before = asked[kind];
    const from = performance.now();
    for (let at = 0; at < CALLS; at += 20) {
      const calls = Array.from({ length: 20 }, (_, more) => ask(kind, at + more));
      for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
    }
    expect(asked[kind] - before).toBeLessThanOrEqual(1.1 * CALLS + 10 + (performance.now() - from) / 1000);
  });
});
