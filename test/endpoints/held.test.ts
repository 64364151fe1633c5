import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { startService, until, type Service } from '../service.ts';

/** Longer than any of these tests. */
const PATIENT_MS = 20_000;
const MIB = 2 ** 20;

let store: ScriptedStore;
let service: Service;

beforeAll(async () => {
  store = await startScripted((path, response) => {
    const part = 'x'.repeat(2.5 * MIB);
    if (path === '/stall') response.writeHead(200).write(part);
    else if (path === '/cut') response.writeHead(200).write(part, () => response.destroy());
    else response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(Number(path.slice(1)) * MIB));
  });
  service = await startService({
    server: { bufferBytes: 4 * MIB },
    limits: { answerBytes: 3 * MIB },
    sources: { store: { adapter: 'rest', url: store.url, breaker: false, timeoutMs: PATIENT_MS } },
  });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

const get = (path: string, more: object = {}) => ({ source: 'store', op: 'get', params: { path }, ...more });
const codes = (results: Record<string, { status: string; error?: { code: string } }>) =>
  Object.values(results).map(({ status, error }) => error?.code ?? status);
/** Of an answer that has left, or whose client has, a little later. */
const allIsLetGoOf = () => expect.poll(async () => codes((await service.kv({ q: get('/2') })).results)).toEqual(['ok']);

describe('bytes are counted while they are collected', () => {
  it('against the batch: what would be too many is TOO_LARGE, also what nobody is shown', async () => {
    const queries = Object.fromEntries([1, 2, 3, 4, 5].map((at) => [`k${at}`, get('/1', { hidden: true })]));
    const { results } = await service.kv(queries);
    // Those that are ok are hidden; of three mebibytes two fit beside their quotation marks.
    expect(codes(results)).toEqual(['TOO_LARGE', 'TOO_LARGE', 'TOO_LARGE']);
  });

  it('against the process: what would be too many is OVERLOADED', async () => {
    await allIsLetGoOf();
    const leaving = new AbortController();
    const stalled = service.post('/kv', { timeoutMs: PATIENT_MS, queries: { q: get('/stall') } }, {}, leaving.signal);
    await until(() => store.open('/stall') === 1, 'the first answer is under way');
    await expect.poll(async () => codes((await service.kv({ q: get('/2') })).results)).toEqual(['OVERLOADED']);
    const { results } = await service.kv({ q: get('/2', { default: 'nothing' }) });
    expect(results.q).toMatchObject({ status: 'ok', value: 'nothing', error: { code: 'OVERLOADED', retryable: true } });
    leaving.abort();
    await expect(stalled).rejects.toThrow();
  });

  it('and let go of, however an answer ends', async () => {
    await allIsLetGoOf();
    for (let round = 0; round < 20; round++) {
      const { results } = await service.kv(
        { a: get('/cut'), b: get('/stall', { timeoutMs: 30 }), c: get('/0', { select: '/nowhere' }) },
        { timeoutMs: 500 },
      );
      expect(codes(results)).toEqual([expect.stringMatching(/UNAVAILABLE|TOO_LARGE/), expect.any(String), 'ok']);
      const leaving = new AbortController();
      const left = service.post('/kv', { queries: { q: get('/stall') } }, {}, leaving.signal);
      setTimeout(() => leaving.abort(), 20);
      await expect(left).rejects.toThrow();
    }
    await allIsLetGoOf();
  });
});

describe('the bodies of requests under way', () => {
  /** A request whose body stops after so many bytes. */
  function begin(bytes: number): Socket {
    const socket = connect(service.port, '127.0.0.1');
    const head = ['POST /kv HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', `Content-Length: ${MIB}`];
    socket.write(`${head.join('\r\n')}\r\n\r\n${' '.repeat(bytes)}`);
    return socket;
  }

  it('count, too: one too many is refused with Retry-After, and those that left count no more', async () => {
    const waiting = [1, 2, 3, 4].map(() => begin(0.95 * MIB));
    const body = JSON.stringify({ queries: { q: get('/0', { default: 'x'.repeat(0.4 * MIB) }) } });
    const ask = () => service.post('/kv', body);
    let refused = await ask();
    const askAgain = async (): Promise<number> => {
      // The one before it may have kept one of them out.
      for (const [at, socket] of waiting.entries()) if (socket.destroyed) waiting[at] = begin(0.95 * MIB);
      refused = await ask();
      return refused.status;
    };
    await expect.poll(askAgain).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json()).toMatchObject({ status: 503, code: 'OVERLOADED' });
    for (const socket of waiting) socket.destroy();
    await expect.poll(async () => (await ask()).status).toBe(200);
  });
});
