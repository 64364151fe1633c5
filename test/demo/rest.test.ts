import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Faults } from '../../demo/faults.ts';
import type { Served } from '../../demo/http/serve.ts';
import { startRest } from '../../demo/rest/server.ts';
import { synthetic } from '../../demo/synthetic.ts';

const faults = new Faults();
let server: Served;
const ask = (path: string, options?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, options);
const read = async (path: string, options?: RequestInit) => (await ask(path, options)).json();

beforeAll(async () => {
  server = await startRest({ faults });
});
afterEach(() => faults.clear());
afterAll(() => server.stop());

describe('the shop', () => {
  it('tells of products, stock and reviews', async () => {
    expect(await read('/products/B-101')).toMatchObject({ id: 'B-101', title: 'The Patient Engine', price: 24.9 });
    expect(await read('/stock/B-103')).toEqual({ sku: 'B-103', count: 0 });
    const poetry = (await read('/products?category=poetry')) as { category: string }[];
    expect(poetry.map(({ category }) => category)).toEqual(['poetry', 'poetry']);
    const reviews = (await read('/reviews?product=B-101')) as { product: string }[];
    expect(reviews.length).toBeGreaterThan(0);
    expect(new Set(reviews.map(({ product }) => product))).toEqual(new Set(['B-101']));
    expect((await ask('/products/none')).status).toBe(404);
  });

  it('searches', async () => {
    const found = await read('/search', { method: 'POST', body: JSON.stringify({ text: 'river' }) });
    expect(found).toMatchObject({ hits: [{ sku: 'B-111' }] });
    expect((await ask('/search', { method: 'POST', body: '{' })).status).toBe(400);
    const wrong = await ask('/search');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each(['eu', 'us', 'asia'])('quotes a price in %s', async (region) => {
    expect(await read(`/${region}/quote?sku=B-105`)).toEqual({ region, sku: 'B-105', eur: 9.9 });
  });

  it('answers 304 to who has it already', async () => {
    const first = await ask('/products');
    for (const headers of [
      { 'if-none-match': first.headers.get('etag') ?? '' },
      { 'if-modified-since': first.headers.get('last-modified') ?? '' },
    ]) {
      const again = await ask('/products', { headers });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect((await ask('/products', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('probes', () => {
  it('echoes what it received, undecoded', async () => {
    const echoed = await read('/echo/a%2Fb?x=1&y=2&y=3', { method: 'POST', body: 'hi', headers: { 'x-who': 'ada' } });
    expect(echoed).toMatchObject({
      method: 'POST',
      path: '/echo/a%2Fb',
      query: { x: '1', y: ['2', '3'] },
      headers: { 'x-who': 'ada' },
      body: 'hi',
    });
  });

  it('answers any status, and redirects', async () => {
    const busy = await ask('/status/429?retryAfter=2');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '2']);
    const moved = await ask('/redirect?to=/bytes', { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([302, '/bytes']);
    expect((await ask('/no-content')).status).toBe(204);
  });

  it('answers JSON that is broken, deep, or too large for a double', async () => {
    await expect(read('/json/bad')).rejects.toThrow(SyntaxError);
    expect(await (await ask('/json/deep?depth=3')).text()).toBe('[[[]]]');
    expect(await (await ask('/json/big-int')).text()).toContain('9007199254740993');
  });

  it.each(['gzip', 'br', 'deflate'])('encodes a body of the wanted size by %s', async (encoding) => {
    const answer = await ask(`/gzip?encoding=${encoding}&bytes=1000000`);
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(await answer.json()).toBe('a'.repeat(999_998));
  });

  it('sends many bytes, or a range of them', async () => {
    const whole = Buffer.from(await (await ask('/big?bytes=3000000')).arrayBuffer());
    expect(whole.equals(Buffer.concat([...synthetic(0, 3_000_000)]))).toBe(true);
    const part = await ask('/big?bytes=3000000', { headers: { range: 'bytes=-5' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(-5));
  });

  it('answers HEAD without a body', async () => {
    const answer = await ask('/bytes', { method: 'HEAD' });
    expect([answer.headers.get('content-length'), await answer.text()]).toEqual(['256', '']);
  });
});

describe('counts and faults', () => {
  it('counts a request whose client leaves before the answer as cancelled', async () => {
    const { cancelled, requests } = server.stats();
    const leaving = new AbortController();
    const asked = ask('/slow?ms=60000', { signal: leaving.signal });
    await vi.waitFor(() => expect(server.stats().running).toBe(1));
    leaving.abort();
    await expect(asked).rejects.toThrow('aborted');
    await vi.waitFor(() => expect(server.stats()).toMatchObject({ running: 0, cancelled: cancelled + 1 }));
    expect(server.stats().requests['GET /slow']).toBe((requests['GET /slow'] ?? 0) + 1);
  });

  it('makes a body of any size no faster than its client reads it', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /big?bytes=1000000000000 HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    expect(server.stats().running).toBe(1);
    expect((await ask('/text')).status).toBe(200);
    socket.destroy();
    await vi.waitFor(() => expect(server.stats().running).toBe(0));
  });

  it('fails, delays, stalls and drips as it is told, and stops when the rule is taken away', async () => {
    const remove = faults.add({ store: 'rest', match: 'GET /text', fault: { kind: 'fail', status: 503 } });
    faults.add({ store: 'rest', match: 'GET /bytes', times: 1, fault: { kind: 'drip', bytesPerSecond: 5000 } });
    faults.add({ store: 'rest', match: 'GET /quote', times: 1, fault: { kind: 'delay', ms: 30 } });
    faults.add({ store: 'rest', match: 'GET /stock', times: 1, fault: { kind: 'stall' } });
    expect((await ask('/text')).status).toBe(503);
    remove();
    expect((await ask('/text')).status).toBe(200);
    const started = performance.now();
    expect((await (await ask('/bytes')).arrayBuffer()).byteLength).toBe(256);
    expect((await ask('/quote')).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(50);
    await expect(ask('/stock/B-101', { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
    expect((await ask('/stock/B-101')).status).toBe(200);
  });

  it.each([undefined, 0, 100])('cuts the connection after %s bytes', async (afterBytes) => {
    faults.add({ store: 'rest', times: 1, fault: { kind: 'cut', ...(afterBytes !== undefined && { afterBytes }) } });
    const before = server.stats().cancelled;
    const asked = request({ port: server.port, path: '/bytes', agent: false }).end();
    if (afterBytes === undefined) {
      const [error] = (await once(asked, 'error')) as [Error & { code: string }];
      expect(error.code).toBe('ECONNRESET');
    } else {
      let received = 0;
      asked.once('response', (response) => response.on('data', (chunk: Buffer) => (received += chunk.length)));
      const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
      await expect(once(response, 'end')).rejects.toThrow('aborted');
      expect(received).toBe(afterBytes);
    }
    expect(server.stats().cancelled).toBe(before);
  });
});
