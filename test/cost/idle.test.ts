import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type Service, startService, until } from '../service.ts';

let stores: Stores;
let service: Service;
const lines: { msg?: string; requestId?: string }[] = [];
beforeAll(async () => {
  stores = await startStores();
  const text = 'x'.repeat(8000);
  await stores.load(
    'shop',
    'many',
    Array.from({ length: 4000 }, (_, at) => ({ _id: at, text })),
  );
  service = await startService({
    stores,
    lines,
    limits: { streamIdleMs: 250 },
    server: { maxInFlight: 100 },
    sources: { shop: { collections: ['many'], unique: {} }, catalog: { maxBytes: 50_000_000 } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

/** Sends a batch and reads nothing of its answer. */
async function ask(queries: object, accept: string, encoding = 'identity'): Promise<Socket> {
  const body = JSON.stringify({ queries });
  const socket = connect(service.port, '127.0.0.1').pause();
  await once(socket, 'connect');
  const head = `Host: x\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nAccept-Encoding: ${encoding}\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.write(`POST /kv HTTP/1.1\r\n${head}\r\n\r\n${body}`);
  return socket;
}

/** Counts the bytes that can still be read, until the end or the cut. */
async function drain(socket: Socket): Promise<number> {
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => {});
  socket.resume();
  await once(socket, 'close');
  return bytes;
}

const many = { source: 'shop', op: 'find', params: { collection: 'many', batchSize: 100 }, stream: true };
const big = { source: 'catalog', op: 'get', params: { path: '/gzip', query: { bytes: 16_000_000 } } };
const small = { source: 'catalog', op: 'get', params: { path: '/gzip', query: { bytes: 200_000 } } };
const body = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 32_000_000 } } };
const rows = { ...big, forEach: [1], select: { text: '' } };

describe('a client that takes nothing for streamIdleMs is cut', () => {
  it.each(['application/x-ndjson', 'text/event-stream'])('under %s, and its cursor is closed', async (accept) => {
    const socket = await ask({ many }, accept);
    await until(async () => (await stores.stats()).mongo.cursors === 1, 'the list is open');
    await until(async () => (await stores.stats()).mongo.cursors === 0, 'the client is cut');
    expect(await drain(socket)).toBeLessThan(32_000_000);
  });

  it.each([
    ['application/json', { big }],
    ['text/csv', { table: { pattern: 'kv', select: '/rows', queries: { rows } } }],
  ])('under %s', async (accept, queries) => {
    const before = await service.connections();
    const socket = await ask(queries, accept);
    await until(async () => (await service.connections()) > before, 'the client is there');
    // It would be kept alive, had it taken all.
    await until(async () => (await service.connections()) === before, 'the client is cut', 4500);
    socket.destroy();
  });
});

/** How many batches have come to this. */
async function counted(outcome: string): Promise<number> {
  return valueIn(readMetrics((await service.get('/metrics')).text), 'codap_batches_total', { outcome }) ?? 0;
}

describe('a batch whose client is cut for that is counted as failed, not as one that it has left', () => {
  it.each([
    ['application/json', { big }, 1],
    ['application/x-ndjson', { many }, 1],
    ['text/event-stream', { many }, 1],
    ['application/octet-stream', { body }, 1],
    ['application/zip', { body }, 1],
    ['text/csv', { table: { pattern: 'kv', select: '/rows', queries: { rows } } }, 1],
    // Of so many some have left, and some wait behind the one that is not taken.
    ['application/json', { small }, 200],
  ])('under %s: %j, %d times', async (accept, queries, times) => {
    const id = `${accept}/${times}`;
    const [failed, cancelled] = [await counted('failed'), await counted('cancelled')];
    const before = await service.connections();
    const socket = connect(service.port, '127.0.0.1').pause();
    await once(socket, 'connect');
    const one = post(
      '/kv',
      JSON.stringify({ queries }),
      `X-Request-Id: ${id}\r\nAccept: ${accept}\r\nAccept-Encoding: identity\r\n`,
    );
    socket.on('error', () => {}).write(one.repeat(times));
    await until(async () => (await service.connections()) > before, 'the client is there');
    await until(async () => (await service.connections()) === before, 'the client is cut', 4500);
    await until(async () => (await counted('failed')) > failed, 'it is counted');
    expect(await counted('cancelled')).toBe(cancelled);
    const batches = () => lines.filter(({ msg, requestId }) => msg === 'batch' && requestId === id);
    await until(() => batches().length > 0, 'it is logged');
    expect(batches().filter((line) => 'left' in line)).toEqual([]);
    if (times === 1) expect(batches()).toMatchObject([{ complete: false, failed: 'TIMEOUT', status: 'error' }]);
    socket.destroy();
  });
});

/** Little to send, much to be told: each fault with its long path. */
const NAME = 'n'.repeat(250);
const within = (queries: object, pattern: string): object => ({ [NAME]: { pattern, queries } });
const BAD = JSON.stringify({
  queries: within(
    within(
      Array.from({ length: 50 }, () => ({})),
      'ordered',
    ),
    'kv',
  ),
});
const post = (path: string, body: string, headers = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('whatever it asks for, again and again', () => {
  it.each([
    ['batches with faults', post('/kv', BAD), 200],
    ['a script of the interface', get('/docs/swagger-ui-bundle.js'), 20],
    ['the schema of a source', get('/sources/shop'), 2000],
  ])('%s', async (_what, one, times) => {
    const before = await service.connections();
    const socket = connect(service.port, '127.0.0.1').pause();
    await once(socket, 'connect');
    socket.on('error', () => {}).write(one.repeat(times));
    await until(async () => (await service.connections()) > before, 'the client is there');
    await until(async () => (await service.connections()) === before, 'the client is cut', 4500);
    socket.destroy();
    // Its places are free again.
    expect((await service.post('/kv', { queries: {} })).status).toBe(200);
  });
});

describe('a client that is slow but takes something is not', () => {
  it.each(['application/json', 'application/x-ndjson'])('under %s', async (accept) => {
    const socket = await ask({ big }, accept);
    let bytes = 0;
    let tail = '';
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + String(chunk)).slice(-200);
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.resume();
    // The last byte of a chunked answer is the end of its last chunk.
    await until(() => tail.endsWith(accept === 'application/json' ? '}}}' : '0\r\n\r\n'), 'all has come', 4500);
    expect(bytes).toBeGreaterThan(16_000_000);
    socket.destroy();
  });

  it('nor one that waits for a slow store in line behind a large answer', async () => {
    const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 1500 } } };
    const socket = connect(service.port, '127.0.0.1').pause();
    await once(socket, 'connect');
    socket.write(
      post('/kv', JSON.stringify({ queries: { big } })) + post('/kv', JSON.stringify({ queries: { slow } })),
    );
    await pause(100);
    let tail = '';
    socket.on('data', (chunk: Buffer) => (tail = (tail + String(chunk)).slice(-2000))).resume();
    await until(() => tail.includes('"slow":{"status":"ok"'), 'both have come', 4500);
    socket.destroy();
  });

  it('nor one that waits for a slow store', async () => {
    const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 700 } } };
    for (const accept of ['application/json', 'application/x-ndjson']) {
      const answer = await service.post('/kv', { queries: { slow } }, { accept });
      expect(answer.text).toContain('"complete":true');
    }
  });
});
