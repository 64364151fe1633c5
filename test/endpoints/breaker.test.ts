import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { Faults } from '../../demo/faults.ts';
import { startMongo } from '../../demo/mongo/server.ts';
import { buildApp } from '../../src/service/app.ts';
import { openSources, parseConfig } from '../configured.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { until } from '../service.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Reply = { status: string; ms: number; error: { code: string; retryAfterMs: number } };
type Line = readonly [level: 'warn' | 'info', fields: object, text: string];

/** A service of one source, and what it tells. */
async function serve(source: object, query: object) {
  const config = parseConfig({ sources: { store: { coalesce: false, ...source } } });
  const lines: Line[] = [];
  const log = {
    warn: (fields: object, text: string) => void lines.push(['warn', fields, text]),
    info: (fields: object, text: string) => void lines.push(['info', fields, text]),
  };
  const opened = await openSources(config, undefined, log);
  const app = await buildApp(config, opened);
  closing.push(
    () => opened[Symbol.asyncDispose](),
    () => app.close(),
  );
  const send = (payload: object) => app.inject({ method: 'POST', url: '/ordered', payload });
  /** Asks for the same so many times at once. */
  const asked = async (count: number): Promise<Reply[]> => {
    const answer = await send({ queries: Array.from({ length: count }, () => ({ source: 'store', ...query })) });
    return answer.json<{ results: Reply[] }>().results;
  };
  const ask = async (): Promise<Reply> => (await asked(1))[0]!;
  const codes = async (count: number): Promise<string[]> =>
    (await asked(count)).map(({ error }) => error?.code ?? 'ok');
  return { app, send, ask, codes, lines };
}

/** How the one source is, as the service tells it. */
async function told(app: FastifyInstance) {
  const [listed, ready, strict] = await Promise.all(
    ['/sources', '/health/ready', '/health/ready?strict'].map((url) => app.inject(url)),
  );
  const [{ layers }] = listed!.json<{ sources: [{ layers: { breaker: object } }] }>().sources;
  const [source] = ready!.json<{ sources: [object] }>().sources;
  return { listed: layers.breaker, source, ready: ready!.statusCode, strict: strict!.statusCode };
}

const FAILED = {
  source: 'store',
  code: 'UNAVAILABLE',
  why: 'no connection to the store, or its answer was cut (ECONNRESET)',
};
const BEGAN: Line = ['warn', FAILED, 'the store fails'];
const OPENED: Line = ['warn', FAILED, 'the store fails: its circuit is open'];
const CLOSED: Line = ['info', { source: 'store' }, 'the store answers again: its circuit is closed'];

describe('a store that is dead', () => {
  it('costs its callers a millisecond after twenty calls, says so wherever one looks, and is found when it is back', async () => {
    let isDead = true;
    const server = createServer((_request, response) => void response.end('"here"')).listen(0, '127.0.0.1');
    server.on('connection', (socket) => isDead && socket.resetAndDestroy());
    await once(server, 'listening');
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const source = { adapter: 'rest', url: `http://127.0.0.1:${port}/`, breaker: { openMs: 3000 }, retry: false };
    const { app, ask, codes, lines } = await serve(source, { op: 'get', params: { path: '/x' } });
    expect(new Set(await codes(19))).toEqual(new Set(['UNAVAILABLE']));
    expect(await told(app)).toMatchObject({ listed: { open: 0 }, ready: 200 });
    expect(lines).toEqual([BEGAN]);
    expect(await codes(1)).toEqual(['UNAVAILABLE']);
    const spent: number[] = [];
    for (let time = 0; time < 21; time += 1) {
      const { error, ms } = await ask();
      expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', source: 'store', retryable: true });
      expect(error.retryAfterMs).toBeGreaterThan(0);
      expect(error.retryAfterMs).toBeLessThanOrEqual(3000);
      spent.push(ms);
    }
    expect(spent.toSorted((a, b) => a - b)[10]).toBeLessThanOrEqual(1);
    expect(await told(app)).toMatchObject({
      listed: { open: 1 },
      source: { status: 'down', layers: { breaker: { open: 1 } } },
      ready: 200,
      strict: 503,
    });
    expect(lines).toEqual([BEGAN, OPENED]);

    isDead = false;
    await until(async () => (await ask()).status === 'ok', 'it is found', 10_000);
    expect(new Set(await codes(50))).toEqual(new Set(['ok']));
    expect(await told(app)).toMatchObject({ listed: { open: 0 } });
    expect(lines).toEqual([BEGAN, OPENED, CLOSED]);
  });

  it('is told from one that is well by its pings, which neither open its circuit nor close it', async () => {
    let works = false;
    const store = await startScripted((_path, response, request) => {
      response.writeHead(works || request.method === 'HEAD' ? 200 : 503).end('"here"');
    });
    closing.push(() => store.close());
    const { app, codes } = await serve(
      { adapter: 'rest', url: store.url, breaker: { openMs: 60_000 } },
      { op: 'get', params: { path: '/x' } },
    );
    await codes(20);
    works = true;
    expect(await told(app)).toMatchObject({
      listed: { open: 1 },
      source: { status: 'down', code: 'CIRCUIT_OPEN' },
      strict: 503,
    });
    expect(await codes(1)).toEqual(['CIRCUIT_OPEN']);
  });

  it('is a MongoDB as well, killed and started again', async () => {
    const mongo = await startMongo();
    const url = `mongodb://127.0.0.1:${mongo.port}/?directConnection=true`;
    const { ask, codes, lines } = await serve(
      { adapter: 'mongo', url, database: 'shop', collections: ['users'], timeoutMs: 400, breaker: { openMs: 600 } },
      { op: 'findOne', params: { collection: 'users' } },
    );
    expect(await codes(1)).toEqual(['ok']);
    await mongo.close();
    // At once, so that they fail together; the driver looks for another server for half of the time-out.
    await codes(30);
    const { error, ms } = await ask();
    expect(error.code).toBe('CIRCUIT_OPEN');
    expect(ms).toBeLessThan(50);
    const again = await startMongo({ port: mongo.port });
    closing.push(() => again.close());
    await until(async () => (await ask()).status === 'ok', 'it is found', 5000);
    expect(lines.map(([, , text]) => text).filter((text) => text !== 'the store fails')).toEqual([
      OPENED[2],
      CLOSED[2],
    ]);
    expect(lines[0]).toMatchObject([
      'warn',
      { code: 'UNAVAILABLE', why: expect.stringMatching(/\(ECONN[A-Z]+\)$/) },
      'the store fails',
    ]);
  });
});

describe('a caller cannot open the circuit for others', () => {
  const query = { op: 'get', params: { path: '/x' } };
  /** A store that takes its time. */
  const slow = async (ms: number): Promise<ScriptedStore> => {
    const store = await startScripted((_path, response) => {
      void setTimeout(ms).then(() => response.end('"here"'));
    });
    closing.push(() => store.close());
    return store;
  };

  it.each<[string, object, object]>([
    ['of a query', { timeoutMs: 1 }, {}],
    ['of a batch', {}, { timeoutMs: 1 }],
  ])('by a time-out %s that is too short, in a loop', async (_whose, own, batch) => {
    const store = await slow(10);
    const { send, ask, lines } = await serve({ adapter: 'rest', url: store.url, timeoutMs: 1000 }, query);
    const payload = { ...batch, queries: [{ source: 'store', ...query, ...own }] };
    for (let round = 0; round < 5; round += 1)
      await Promise.all(
        Array.from({ length: 10 }, async () => expect((await send(payload)).body).toContain('TIMEOUT')),
      );
    expect(await ask()).toMatchObject({ status: 'ok' });
    expect(lines).toEqual([]);
  });

  it('by that of a body that flows', async () => {
    const store = await slow(10);
    const { app, ask, lines } = await serve({ adapter: 'rest', url: store.url, timeoutMs: 1000 }, query);
    const queries = Array.from({ length: 50 }, () => ({ source: 'store', ...query, timeoutMs: 1 }));
    const headers = { accept: 'application/zip' };
    const answer = await app.inject({ method: 'POST', url: '/ordered', headers, payload: { queries } });
    expect(answer.json()).toMatchObject({ code: 'TIMEOUT' });
    expect(await ask()).toMatchObject({ status: 'ok' });
    expect(lines).toEqual([]);
  });

  it('by that of queries of a MongoDB', async () => {
    const faults = new Faults();
    const mongo = await startMongo({ faults });
    closing.push(() => mongo.close());
    const url = `mongodb://127.0.0.1:${mongo.port}/?directConnection=true`;
    const find = { op: 'findOne', params: { collection: 'users' } };
    const source = { adapter: 'mongo', url, database: 'shop', collections: ['users'], timeoutMs: 1000 };
    const { send, ask, lines } = await serve(source, find);
    expect(await ask()).toMatchObject({ status: 'ok' });
    faults.add({ store: 'mongo', match: 'find:users', fault: { kind: 'delay', ms: 20 } });
    for (let round = 0; round < 3; round += 1) {
      const queries = Array.from({ length: 30 }, () => ({ source: 'store', ...find, timeoutMs: 2 }));
      expect((await send({ queries })).body).toContain('TIMEOUT');
    }
    expect(await ask()).toMatchObject({ status: 'ok' });
    expect(lines).toEqual([]);
  });

  it('by that of a group', async () => {
    const store = await slow(10);
    const { app, ask, lines } = await serve({ adapter: 'rest', url: store.url, timeoutMs: 1000 }, query);
    const group = {
      pattern: 'ordered',
      timeoutMs: 1,
      queries: Array.from({ length: 50 }, () => ({ source: 'store', ...query })),
    };
    const answer = await app.inject({ method: 'POST', url: '/kv', payload: { queries: { group } } });
    expect(answer.json()).toMatchObject({ results: { group: { status: 'error', error: { code: 'TIMEOUT' } } } });
    expect(await ask()).toMatchObject({ status: 'ok' });
    expect(lines).toEqual([]);
  });

  it('by leaving', async () => {
    const store = await startScripted(() => {});
    closing.push(() => store.close());
    const { app, lines } = await serve({ adapter: 'rest', url: store.url, timeoutMs: 10_000 }, query);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const leaving = new AbortController();
    const queries = Array.from({ length: 50 }, () => ({ source: 'store', ...query }));
    const asked = fetch(`${url}/ordered`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ timeoutMs: 10_000, queries }),
      signal: leaving.signal,
    });
    await until(() => store.open() === 50, 'all are under way', 5000);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(() => store.open() === 0);
    expect(lines).toEqual([]);
    const [{ layers }] = (await app.inject('/sources')).json<{ sources: [{ layers: object }] }>().sources;
    expect(layers).toMatchObject({ breaker: { open: 0 } });
  });
});
