import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { simulate } from './batch/simulated.ts';

const BODY = JSON.stringify({ queries: { one: { source: 'sim', op: 'get', params: { value: 1 } } } });
const HEAD = 'POST /kv HTTP/1.1\r\nHost: codap\r\nContent-Type: application/json\r\n';
let app: FastifyInstance;
let port: number;
const sockets: Socket[] = [];

/** How long a request may take to arrive, in milliseconds, where a test waits for its end. */
const SOON = 500;

async function listen(requestMs?: number): Promise<void> {
  const config = parseConfig({ server: { maxInFlight: 500 }, limits: { bodyBytes: 1024 } });
  app = await buildApp(config, {
    sources: new Map([['sim', simulate().source]]),
    ...(requestMs !== undefined && { requestMs }),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  ({ port } = app.server.address() as AddressInfo);
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

async function open(first: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(first);
  return socket;
}

/** Sends a byte every few milliseconds for as long as the service listens; answers what it said in the end. */
async function drip(first: string, byte: string): Promise<string> {
  const socket = await open(first);
  const timer = setInterval(() => socket.write(byte), 20);
  socket.once('close', () => clearInterval(timer));
  return text(socket).finally(() => clearInterval(timer));
}

async function post(agent: Agent): Promise<number> {
  const began = performance.now();
  const sent = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/kv',
    agent,
    headers: { 'content-type': 'application/json' },
  });
  sent.end(BODY);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  await text(answer);
  expect(answer.statusCode).toBe(200);
  return performance.now() - began;
}

async function p99(): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const taken: number[] = [];
  const client = async (): Promise<void> => {
    for (let index = 0; index < 100; index += 1) taken.push(await post(agent));
  };
  await Promise.all([client(), client(), client(), client()]);
  agent.destroy();
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * 0.99)]!;
}

describe('a client that is slow', () => {
  it('in sending its headers is cut with a 408', async () => {
    await listen(SOON);
    expect(await drip('POST /kv HTTP/1.1\r\nHost: codap\r\nX-Slow: ', 'a')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('in sending its body is cut with a 408', async () => {
    await listen(SOON);
    expect(await drip(`${HEAD}Content-Length: 1000\r\n\r\n{`, ' ')).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a body that is too large', () => {
  it('is refused by the length it names', async () => {
    await listen();
    const socket = await open(`${HEAD}Content-Length: 99999999\r\nConnection: close\r\n\r\n`);
    const [said] = (await once(socket, 'data')) as [Buffer];
    expect(String(said)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is refused once its chunks exceed the limit', async () => {
    await listen();
    const chunk = `400\r\n${' '.repeat(0x400)}\r\n`;
    const socket = await open(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
    const [said] = (await once(socket, 'data')) as [Buffer];
    expect(String(said)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each(['Content-Length: 8000000\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n7A1200\r\n'])(
    'is taken off the wire, so that its sender reads the answer: %j',
    async (framing) => {
      await listen();
      const socket = await open(`${HEAD}${framing}`);
      socket.write(Buffer.alloc(8_000_000, ' '));
      if (framing.startsWith('Transfer')) socket.write('\r\n0\r\n\r\n');
      socket.write('GET /health/live HTTP/1.1\r\nHost: codap\r\nConnection: close\r\n\r\n');
      const said: Buffer[] = [];
      for await (const chunk of socket) said.push(chunk as Buffer);
      expect(String(Buffer.concat(said)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
    },
  );
});

describe('a request half sent and left', () => {
  it('is not waited for when the service drains', async () => {
    await listen();
    const arrived = new Promise<void>((resolve) => app.server.once('request', () => resolve()));
    const socket = await open(`${HEAD}Content-Length: 1000\r\n\r\n{`);
    await arrived;
    const drained = app.drain();
    socket.destroy();
    await drained;
  });
});

describe('200 requests half sent', () => {
  it('leave the p99 of others within bounds', { timeout: 20_000 }, async () => {
    await listen();
    await p99();
    const alone = await p99();
    await Promise.all(Array.from({ length: 200 }, () => open(`${HEAD}Content-Length: 1000\r\n\r\n{`)));
    const beside = await p99();
    expect(sockets.filter((socket) => socket.closed)).toEqual([]);
    // The floor absorbs what a busy machine does to a single answer.
    expect(beside).toBeLessThan(Math.max(5 * alone, 100));
  });
});
