import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import type { Fault } from '../../demo/faults.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { asked, type Body, type Service, startService, until } from '../service.ts';

/**
 * How late an answer may leave after the batch's deadline, and how late a store may hear that it is not
 * needed any more, in milliseconds.
 */
const GRACE = 50;
/** A machine that is busy with other things may make this process late, but not three times in a row. */
const LOADED = { retry: 2 };

const stock = { source: 'catalog', op: 'get', params: { path: '/stock/B-101' } };
let slowOnes = 0;
/** Each is another one, so that none shares a call with another. */
const slow = (ms: number) => ({
  source: 'catalog',
  op: 'get',
  params: { path: '/slow', query: { ms, one: (slowOnes += 1) } },
});
const status = (code: number) => ({ source: 'catalog', op: 'get', params: { path: `/status/${code}` } });
const welcome = { source: 'photos', op: 'getObject', params: { key: 'welcome.txt' } };
const ada = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { _id: { $oid: ADA } } } };

const requestOf = (body: string) =>
  `POST /kv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const slowBody = (ms: number) => JSON.stringify({ queries: { a: slow(ms) } });

let service: Service;
let stores: Stores;
beforeAll(async () => {
  const { restUrl } = (stores = await startStores());
  const ten = Array.from(
    { length: 10 },
    (_, at) => [`s${at}`, { adapter: 'rest', url: `${restUrl}/echo/s${at}` }] as const,
  );
  service = await startService({
    stores,
    sources: { ...Object.fromEntries(ten), narrow: { adapter: 'rest', url: `${restUrl}/`, concurrency: 2, queue: 3 } },
  });
  await service.kv({ ada, stock, welcome });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(() => stores.clearFaults());

const cancelled = async () => {
  const { mongo, s3, rest } = await stores.stats();
  return mongo.cancelled + s3.cancelled + rest.cancelled;
};
const running = async () => {
  const { mongo, s3, rest } = await stores.stats();
  return mongo.running + s3.running + rest.running;
};

async function open(): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Reads until so many answers have arrived. */
async function read(socket: Socket, answers: number): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.split('HTTP/1.1 200').length > answers && text.endsWith('}}}')) break;
  }
  return text;
}

describe('the deadline is kept', LOADED, () => {
  const queries = Object.fromEntries(
    Array.from({ length: 10 }, (_, at) => [`q${at}`, { source: `s${at}`, op: 'get', params: {} }]),
  );

  it.each(['stall', 'drip', 'delay'] as const)('when one of ten sources is in a %s: nine values', async (kind) => {
    const fault = {
      stall: { kind: 'stall' },
      drip: { kind: 'drip', bytesPerSecond: 1 },
      delay: { kind: 'delay', ms: 5000 },
    } as const;
    await stores.addFault({ store: 'rest', match: 'GET /echo/s7', fault: fault[kind] });
    const answer = await service.post('/kv', { timeoutMs: 200, queries });
    expect(answer.status).toBe(200);
    expect(answer.ms).toBeGreaterThanOrEqual(195);
    expect(answer.ms).toBeLessThan(200 + GRACE);
    const { q7, ...others } = answer.json().results;
    expect(q7).toMatchObject({ status: 'error', error: { code: 'TIMEOUT', source: 's7', retryable: true } });
    expect(Object.values<{ status: string }>(others).map((reply) => reply.status)).toEqual(Array(9).fill('ok'));
    expect(answer.headers['codap-complete']).toBe('false');
  });

  it('when Mongo does not answer, in each pattern and for what depends on it', async () => {
    await stores.addFault({ store: 'mongo', match: 'find:users', fault: { kind: 'stall' } });
    const after = { source: 'catalog', op: 'get', params: { path: ['stock', { $result: '/ada/name' }] } };
    for (const [path, list] of [
      ['/kv', { ada, stock, after }],
      ['/ordered', [{ ...ada, as: 'ada' }, stock, after]],
      ['/first-reply', [{ ...ada, as: 'ada' }, stock, after]],
    ] as const) {
      const answer = await service.post(path, { timeoutMs: 150, queries: list });
      expect(answer.ms).toBeLessThan(150 + GRACE);
      const replies = Object.values<Body>(answer.json().results).toSorted((a, b) => a.status.localeCompare(b.status));
      expect(replies).toMatchObject([
        { status: 'error', error: { code: 'TIMEOUT' } },
        { status: 'ok' },
        { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: ['ada'] } },
      ]);
    }
  });

  it.each(['stall', 'cut', 'drip'] as const)('when S3 is in a %s, while the others answer', async (kind) => {
    const fault = { stall: { kind }, cut: { kind, afterBytes: 3 }, drip: { kind, bytesPerSecond: 1 } }[kind] as Fault;
    await stores.addFault({ store: 's3', match: 'GetObject', fault });
    const answer = await service.post('/kv', { timeoutMs: 200, queries: { welcome, ada, stock } });
    expect(answer.ms).toBeLessThan(200 + GRACE);
    const { results } = answer.json();
    expect(results.welcome).toMatchObject({ status: 'error', error: { source: 'photos', retryable: true } });
    expect(results.welcome.error.code).toBe(kind === 'cut' ? 'UNAVAILABLE' : 'TIMEOUT');
    expect([results.ada.status, results.stock.status]).toEqual(['ok', 'ok']);
    await until(async () => (await running()) === 0, 'nothing runs any more');
  });

  it('by a query’s own time-out, while the others go on', async () => {
    const answer = await service.post('/kv', {
      timeoutMs: 2000,
      queries: { own: { ...slow(5000), timeoutMs: 60 }, other: slow(150) },
    });
    const { own, other } = answer.json().results;
    expect(own).toMatchObject({ status: 'error', error: { code: 'TIMEOUT' } });
    expect(own.ms).toBeLessThan(60 + GRACE);
    expect(other.status).toBe('ok');
  });

  it('and the store is told at once', async () => {
    const before = await cancelled();
    await service.post('/kv', { timeoutMs: 100, queries: { a: slow(5000), b: slow(5000) } });
    expect(await until(async () => (await cancelled()) === before + 2)).toBeLessThan(GRACE);
    expect(await running()).toBe(0);
  });
});

describe('a source that is down at the start', LOADED, () => {
  it('fails its own queries within their deadline, and works once its store is up', async () => {
    const own = await startStores();
    await own.stop('mongo');
    await own.stop('rest');
    const late = await startService({ stores: own, sources: { here: { adapter: 'rest', url: `${stores.restUrl}/` } } });
    const queries = { ada, stock, here: { ...stock, source: 'here' } };
    const answer = await late.post('/kv', { timeoutMs: 300, queries });
    expect(answer.status).toBe(200);
    expect(answer.ms).toBeLessThan(300 + GRACE);
    const { results } = answer.json();
    expect(results.here.status).toBe('ok');
    for (const name of ['ada', 'stock']) {
      expect(['TIMEOUT', 'UNAVAILABLE']).toContain(results[name].error.code);
      expect(results[name].error.retryable).toBe(true);
    }
    expect((await late.get('/health/ready')).status).toBe(200);
    expect((await late.get('/health/ready?strict')).status).toBe(503);
    await own.start('mongo');
    await own.start('rest');
    await until(async () => (await late.kv({ ada, stock })).complete, 'the stores are reached');
    await own.stop('mongo');
    expect((await late.post('/kv', { timeoutMs: 300, queries })).json().results.ada.status).toBe('error');
    await own.start('mongo');
    await until(async () => (await late.kv({ ada })).complete, 'Mongo is reached again');
    await late.close();
    await own.close();
  });
});

describe('when the client leaves', LOADED, () => {
  it.each(['/kv', '/ordered', '/first-reply'])('%s: every store is told within 50 ms', async (path) => {
    await stores.addFault({ store: 'mongo', match: 'find:users', fault: { kind: 'stall' } });
    const before = await cancelled();
    await stores.addFault({ store: 's3', match: 'GetObject', fault: { kind: 'stall' } });
    const list = { a: ada, b: slow(5000), c: { pattern: 'ordered', queries: [slow(5000)] }, d: welcome };
    const leave = new AbortController();
    const answer = service.post(path, { queries: path === '/kv' ? list : Object.values(list) }, {}, leave.signal);
    await until(async () => (await running()) === 4, 'all have started');
    leave.abort();
    await expect(answer).rejects.toThrow(/abort/i);
    expect(await until(async () => (await cancelled()) === before + 4, 'all are cancelled')).toBeLessThan(GRACE);
    expect(await running()).toBe(0);
  });

  it('what waits behind others is never started', async () => {
    const before = await asked(stores);
    const leave = new AbortController();
    const queries = Array.from({ length: 5 }, () => ({ ...slow(5000), source: 'narrow' }));
    const answer = service.post('/ordered', { queries }, {}, leave.signal);
    await until(async () => (await running()) === 2);
    leave.abort();
    await expect(answer).rejects.toThrow(/abort/i);
    await until(async () => (await running()) === 0);
    expect(await asked(stores)).toBe(before + 2);
    expect((await service.kv({ again: { ...stock, source: 'narrow' } })).complete).toBe(true);
  });
});

describe('a client that stays is never taken for one that left', LOADED, () => {
  it('over one connection kept alive', async () => {
    const socket = await open();
    for (const ms of [1, 120, 1]) {
      socket.write(requestOf(slowBody(ms)));
      expect(await read(socket, 1)).toContain('"complete":true');
    }
    socket.destroy();
  });

  it('over one connection with pipelined requests', async () => {
    const socket = await open();
    socket.write(requestOf(slowBody(80)) + requestOf(slowBody(1)) + requestOf(slowBody(40)));
    const text = await read(socket, 3);
    expect(text.match(/"complete":true/g)).toHaveLength(3);
    expect([...text.matchAll(/"value":\{"ms":(\d+)\}/g)].map(([, ms]) => Number(ms))).toEqual([80, 1, 40]);
    socket.destroy();
  });

  it('when the request arrives in pieces and the answer is slow', async () => {
    const socket = await open();
    const before = await cancelled();
    for (const part of requestOf(slowBody(300)).match(/[^]{1,40}/g) ?? []) {
      socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await read(socket, 1)).toContain('"complete":true');
    expect(await cancelled()).toBe(before);
    socket.destroy();
  });
});

describe('a first-reply with take', LOADED, () => {
  it('cancels the losers at their stores within 50 ms of the winner', async () => {
    const before = await cancelled();
    const answer = await service.post('/first-reply', { take: 1, queries: [slow(5000), slow(30), slow(5000)] });
    expect(answer.json()).toMatchObject({ complete: true, results: [{ index: 1 }], cancelled: 2 });
    expect(answer.ms).toBeLessThan(1000);
    expect(await until(async () => (await cancelled()) === before + 2)).toBeLessThan(GRACE);
  });

  it('does so nested, while the rest of the batch goes on', async () => {
    const before = await cancelled();
    const batch = service.kv({
      race: { pattern: 'first-reply', take: 1, queries: [slow(5000), slow(10)] },
      other: slow(400),
    });
    await until(async () => (await cancelled()) === before + 1, 'the loser is cancelled');
    const { results } = await batch;
    expect(results.race).toMatchObject({ status: 'ok', value: { ms: 10 }, winner: 1 });
    expect(results.other.status).toBe('ok');
    expect(results.race.ms).toBeLessThan(results.other.ms);
  });

  // Every number of failures and every take, over four queries.
  const cases = [0, 1, 2, 3, 4].flatMap((failures) => [1, 2, 3, 4].map((take) => [take, failures] as const));
  it.each(cases)(
    'of %i with %i failures among four succeeds if and only if enough are left',
    async (take, failures) => {
      const queries = Array.from({ length: 4 }, (_, at) => (at < failures ? status(500) : slow(5)));
      const answer = await service.post('/first-reply', { take, queries });
      if (4 - failures < take) {
        expect(answer.status).toBe(502);
        expect(answer.json()).toMatchObject({ code: 'UNAVAILABLE', source: 'catalog' });
        return;
      }
      const { complete, results, cancelled = 0 } = answer.json();
      expect(complete).toBe(true);
      expect(results.filter((reply: { status: string }) => reply.status === 'ok')).toHaveLength(take);
      expect(results.at(-1).status).toBe('ok');
      expect(results.length + cancelled).toBe(4);
    },
  );

  it('fails at once when too few are left, and cancels the others', async () => {
    const before = await cancelled();
    const answer = await service.post('/first-reply', { take: 2, queries: [slow(5000), status(500), status(404)] });
    expect(answer.ms).toBeLessThan(500);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json().failures).toHaveLength(2);
    expect(await until(async () => (await cancelled()) === before + 1)).toBeLessThan(GRACE);
  });

  it('with hedgeMs asks the next one only after that time, or at once on a failure', async () => {
    const before = await asked(stores);
    const quick = await service.post('/first-reply', { take: 1, hedgeMs: 1000, queries: [stock, slow(5000)] });
    expect(quick.json().results).toMatchObject([{ index: 0 }]);
    expect(await asked(stores)).toBe(before + 1);
    const hedged = await service.post('/first-reply', { take: 1, hedgeMs: 40, queries: [slow(5000), stock] });
    expect(hedged.json().results).toMatchObject([{ index: 1, status: 'ok' }]);
    expect(hedged.ms).toBeGreaterThanOrEqual(40);
    const failed = await service.post('/first-reply', { take: 1, hedgeMs: 5000, queries: [status(500), stock] });
    expect(failed.ms).toBeLessThan(500);
    expect(failed.json().results.at(-1)).toMatchObject({ index: 1, status: 'ok' });
  });
});

describe('beyond concurrency and queue', LOADED, () => {
  it('a query is OVERLOADED at once, the others are answered', async () => {
    const before = await asked(stores);
    const queries = Array.from({ length: 7 }, () => ({ ...slow(60), source: 'narrow' }));
    const { results } = (await service.post('/first-reply', { queries })).json();
    const [first, second, ...others] = results;
    for (const reply of [first, second]) {
      expect(reply).toMatchObject({
        status: 'error',
        error: { code: 'OVERLOADED', source: 'narrow', retryable: true },
      });
      expect(reply.ms).toBeLessThan(GRACE);
    }
    expect(others.map((reply: { status: string }) => reply.status)).toEqual(Array(5).fill('ok'));
    // Two at a time: three rounds.
    expect(others.at(-1).ms).toBeGreaterThanOrEqual(170);
    expect(await asked(stores)).toBe(before + 5);
  });

  it('waiting spends the query’s own time', async () => {
    const queries = Array.from({ length: 4 }, () => ({ ...slow(5000), source: 'narrow', timeoutMs: 100 }));
    const answer = await service.post('/ordered', { queries });
    expect(answer.ms).toBeLessThan(100 + GRACE);
    for (const reply of answer.json().results) expect(reply.error.code).toBe('TIMEOUT');
  });
});
