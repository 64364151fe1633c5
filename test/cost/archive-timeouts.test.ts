import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { synthetic } from '../../demo/synthetic.ts';
import { unpack } from '../encodings/unpack.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';

const IDLE_MS = 300;
const STREAM_MS = 700;
const SIZE = 1_000_000;
const LARGE = 16 * 2 ** 20;
const large = Buffer.concat([...synthetic(0, LARGE)]);
const ARCHIVES = ['application/zip', 'application/x-tar', 'application/gzip'];
const ALL = [...ARCHIVES, 'application/octet-stream'];

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** Gives a store little time in all, and a client enough. */
let patient: Service;
/** Gives a client little time, but a busy store enough. */
let strict: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'film.bin', SIZE);
  await stores.putSynthetic('files', 'large.bin', LARGE);
  store = await startScripted((path, response) => {
    const [, what] = path.split('/');
    if (what !== 'never')
      begin(what as keyof typeof BODIES, response.setHeader('content-type', 'application/octet-stream'));
  });
  const sources = { scripted: { adapter: 'rest', url: store.url } };
  service = await startService({ stores, sources, limits: { streamIdleMs: IDLE_MS, streamMs: STREAM_MS } });
  strict = await startService({ stores, sources, limits: { streamIdleMs: 1500 } });
  patient = await startService({ stores, sources, limits: { streamIdleMs: 5000, streamMs: 6000 } });
});
afterAll(async () => {
  await service.close();
  await patient.close();
  await strict.close();
  await stores.close();
  await store.close();
});

/** What the store sends below each path. */
const BODIES = {
  small: (response: ServerResponse) => response.end('small'),
  stalls: (response: ServerResponse) => response.setHeader('content-length', SIZE).write(Buffer.alloc(1000, 'a')),
  /** A few bytes again and again, never long between two of them. */
  drips(response: ServerResponse) {
    response.setHeader('content-length', SIZE).write('a');
    const timer = setInterval(() => response.write('a'), IDLE_MS / 6);
    response.once('close', () => clearInterval(timer));
  },
  /** Bytes that do not compress, no faster than they are taken. */
  async large(response: ServerResponse) {
    const gone = new AbortController();
    response.once('close', () => gone.abort()).setHeader('content-length', LARGE);
    for (const piece of synthetic(0, LARGE)) if (!response.write(piece)) await once(response, 'drain', gone);
    response.end();
  },
};

function begin(what: keyof typeof BODIES, response: ServerResponse): void {
  void Promise.resolve(BODIES[what](response)).catch(() => {});
}

const rest = (path: string, more: object = {}) => ({ source: 'scripted', op: 'get', params: { path }, ...more });
const object = (key: string, more: object = {}) => ({ source: 'files', op: 'getObject', params: { key }, ...more });
const ask = (queries: object[], accept: string, more: object = {}) =>
  askBytes(`${service.url}/ordered`, { queries, ...more }, accept);

async function unpacked(bytes: Buffer, accept: string): Promise<Map<string, Buffer>> {
  if (accept === 'application/zip') return unpack('zipfile', bytes);
  return unpack('tar', bytes);
}

describe.concurrent.each([
  ['that stalls is cut after streamIdleMs', 'stalls', IDLE_MS],
  ['that drips is cut after streamMs in all', 'drips', STREAM_MS],
])('a store’s body %s', (_, path, after) => {
  it.each(ARCHIVES)('and told, under %s; what comes after it is whole', async (accept) => {
    const began = performance.now();
    const answer = await ask([rest(`${path}/${accept}`), rest('small', { as: 'small' })], accept);
    const files = await unpacked(await answer.read(), accept);
    expect(performance.now() - began).toBeGreaterThan(after - 20);
    expect(performance.now() - began).toBeLessThan(after + 10_000);
    expect(String(files.get('small'))).toBe('small');
    expect(incomplete(files)).toMatchObject({
      complete: false,
      errors: [{ path: '/0', entry: '0.bin', cut: true, error: { code: 'TIMEOUT', source: 'scripted' } }],
    });
    await until(() => store.open(`/${path}/${accept}`) === 0, 'the body is let go of');
  });

  it('and never passes as whole, under application/octet-stream', async () => {
    const answer = await ask([rest(`${path}/raw`)], 'application/octet-stream');
    expect(answer.status).toBe(200);
    expect(await answer.ends()).toBe('cut');
    await until(() => store.open(`/${path}/raw`) === 0, 'the body is let go of');
  });
});

describe('an object', () => {
  it.each(ARCHIVES)('whose store stalls in the middle is cut and told, under %s', async (accept) => {
    // The first request is the beginning that is read ahead; the second one the rest.
    await stores.addFault({ store: 's3', match: 'GetObject film.bin', times: 1, fault: { kind: 'delay', ms: 1 } });
    await stores.addFault({ store: 's3', match: 'GetObject film.bin', fault: { kind: 'stall' } });
    const files = await unpacked(
      await (await ask([object('film.bin', { as: 'film' }), rest('small', { as: 'small' })], accept)).read(),
      accept,
    );
    expect(files.has('small')).toBe(true);
    expect(incomplete(files).errors).toMatchObject([
      { path: '/0', entry: 'film', cut: true, error: { code: 'TIMEOUT' } },
    ]);
    await until(async () => (await stores.stats()).s3.running === 0, 'the store is let go of', 1000);
    await stores.clearFaults();
  });
});

describe('the first byte', () => {
  it.each(ALL)('has the query’s own timeoutMs, under %s', async (accept) => {
    const began = performance.now();
    const answer = await ask([rest('never', { timeoutMs: 150 })], accept);
    expect(answer.status).toBe(504);
    expect(JSON.parse(String(await answer.read()))).toMatchObject({ code: 'TIMEOUT', source: 'scripted' });
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it.each(ARCHIVES)(
    'has it from the moment its turn comes, be that after the batch’s deadline, under %s',
    async (accept) => {
      // The first body takes longer than the batch may; the second one is opened after it.
      const queries = [rest(`drips/late/${accept}`, { as: 'drips' }), rest('small', { as: 'small' })];
      const files = await unpacked(await (await ask(queries, accept, { timeoutMs: 500 })).read(), accept);
      expect(String(files.get('small'))).toBe('small');
      expect(incomplete(files).errors).toMatchObject([{ entry: 'drips', cut: true }]);
    },
  );

  it.each(ALL)('of no entry by the deadline is problem+json, under %s', async (accept) => {
    const never = rest(`never/${accept}`);
    const began = performance.now();
    const queries = accept === 'application/octet-stream' ? [never] : [never, never];
    const answer = await ask(queries, accept, { timeoutMs: 250 });
    const problem = JSON.parse(String(await answer.read()));
    expect(performance.now() - began).toBeLessThan(250 + 1000);
    expect(answer.status).toBe(504);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(problem).toMatchObject({ code: 'TIMEOUT' });
    await until(() => store.open(`/never/${accept}`) === 0, 'the store is let go of');
  });
});

describe.concurrent('a client', () => {
  it.each(ALL)('that takes nothing for streamIdleMs is cut, under %s', async (accept) => {
    const queries = [rest(`large/${accept}`)];
    const answer = await askBytes(`${strict.url}/ordered`, { queries }, accept);
    await until(() => store.open(`/large/${accept}`) === 0, 'the client is cut', 15_000);
    expect(await answer.ends()).toBe('cut');
  });

  it.each([
    ...ALL.map((accept) => [accept, rest('large')] as const),
    ['application/zip', object('large.bin')] as const,
  ])(
    'that is slow costs the store’s body no time: it is whole, under %s of %o',
    async (accept, query) => {
      const answer = await askBytes(`${patient.url}/ordered`, { queries: [query] }, accept);
      const chunks: Buffer[] = [];
      const began = performance.now();
      let unpaused = 0;
      for await (const chunk of answer.body) {
        chunks.push(chunk as Buffer);
        unpaused += (chunk as Buffer).length;
        if (unpaused < LARGE / 24) continue;
        unpaused = 0;
        await pause(300);
      }
      // Longer in all than the store's body may keep codap waiting.
      expect(performance.now() - began).toBeGreaterThan(6000);
      const bytes = Buffer.concat(chunks);
      const got = accept === 'application/octet-stream' ? bytes : (await unpacked(bytes, accept)).get('0.bin');
      expect(got?.equals(large)).toBe(true);
    },
    60_000,
  );
});
