import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/codap.js', import.meta.url));
let folder: string;
let store: Server;
let storeUrl: string;
const children: ChildProcess[] = [];
const held = new Set<ServerResponse>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-drain-'));
  store = createServer((call, answer) => {
    if (call.url === '/held') held.add(answer);
    else if (call.url === '/half') answer.writeHead(200, { 'content-length': '100' }).write('half');
    else setTimeout(() => answer.end('"soon"'), 20);
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  storeUrl = `http://127.0.0.1:${(store.address() as AddressInfo).port}/`;
});
afterEach(() => {
  for (const answer of held) answer.destroy();
  held.clear();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  store.closeAllConnections();
  store.close();
  await rm(folder, { recursive: true });
});

/** A service of its own process that asks the store above. */
async function spawned(graceMs = 5000): Promise<ChildProcess> {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  const sources = { slow: { adapter: 'rest', url: storeUrl, timeoutMs: 20_000 } };
  await writeFile(file, JSON.stringify({ server: { graceMs, timeoutMs: 20_000 }, sources }));
  const child = spawn(process.execPath, [BIN, 'serve', file, '--port', '0'], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (address === undefined) continue;
    child.stdout!.resume();
    return address;
  }
  throw new Error('it never listened');
}

const SOON = { source: 'slow', op: 'get', params: { path: '/soon' } };
const HELD = { source: 'slow', op: 'get', params: { path: '/held' } };

async function ask(address: string, queries: readonly object[], accept = 'application/json'): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', accept };
  const sent = request(`${address}/ordered`, { method: 'POST', headers }).end(JSON.stringify({ queries }));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

const exit = (child: ChildProcess): Promise<unknown[]> =>
  child.exitCode === null && child.signalCode === null
    ? once(child, 'exit')
    : Promise.resolve([child.exitCode, child.signalCode]);

describe('SIGTERM', { timeout: 30_000 }, () => {
  it('a second time ends the process within a second', async () => {
    const child = await spawned(60_000);
    const address = await addressOf(child);
    const answer = ask(address, [SOON, HELD]).catch(() => 'cut');
    while (held.size === 0) await once(store, 'request');
    const ended = exit(child);
    child.kill('SIGTERM');
    await draining(address);
    const began = performance.now();
    child.kill('SIGTERM');
    await ended;
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await answer).toBe('cut');
  });

  it('a second time resets an answer that else its close would end', async () => {
    const child = await spawned(60_000);
    const address = await addressOf(child);
    const body = JSON.stringify({ queries: [SOON, HELD].map((query, at) => ({ ...query, as: `${at}` })) });
    const fields = `Accept: application/zip\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    const client = connect(Number(new URL(address).port), '127.0.0.1');
    client.write(`POST /ordered HTTP/1.0\r\nHost: localhost\r\n${fields}\r\n\r\n${body}`);
    const answer = text(client).catch((error: NodeJS.ErrnoException) => error.code);
    while (held.size === 0 || client.bytesRead === 0) await pause(10);
    const ended = exit(child);
    child.kill('SIGTERM');
    await draining(address);
    child.kill('SIGTERM');
    expect(await answer).toBe('ECONNRESET');
    expect(await ended).toEqual([1, null]);
  });

  it('in the middle of a stream lets it end within the grace period', async () => {
    const child = await spawned();
    const ended = exit(child);
    const { answer, first } = await streaming(await addressOf(child));
    child.kill('SIGTERM');
    for (const one of held) one.end('"late"');
    const rest = await text(answer);
    expect(rest.trimEnd().split('\n').at(-1)).toContain('"event":"end","complete":true');
    expect(first).toContain('"event":"reply"');
    expect(await ended).toEqual([0, null]);
  });

  describe('before the grace period of an answer that outlasts it is over', () => {
    it.each([
      ['application/x-ndjson', /^\{"event":"end",.*"error":\{"code":"OVERLOADED",.*\}\}$/],
      ['text/event-stream', /^data: \{"event":"end",.*"error":\{"code":"OVERLOADED",.*\}\}$/],
    ])('sends the last frame of %s, with the error', async (accept, last) => {
      const { rest, ended } = await cutOff(accept);
      expect(rest.trimEnd().split('\n').at(-1)).toMatch(last);
      expect(ended).toEqual([1, null]);
    });

    it.each(['application/zip', 'application/x-tar', 'application/gzip'])(
      'breaks the connection of %s',
      async (accept) => {
        const { rest, ended } = await cutOff(accept);
        expect(rest).toBe('ECONNRESET');
        expect(ended).toEqual([1, null]);
      },
    );

    it('breaks the connection of raw bytes', async () => {
      const child = await spawned(600);
      const ended = exit(child);
      const answer = await ask(
        await addressOf(child),
        [{ source: 'slow', op: 'get', params: { path: '/half' } }],
        'application/octet-stream',
      );
      await once(answer, 'data');
      child.kill('SIGTERM');
      expect(await text(answer).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNRESET');
      expect(await ended).toEqual([1, null]);
    });

    it('answers JSON that has not begun with a 503', async () => {
      const child = await spawned(600);
      const ended = exit(child);
      const address = await addressOf(child);
      const asked = once(store, 'request');
      const answer = ask(address, [HELD], 'application/json');
      await asked;
      child.kill('SIGTERM');
      const { statusCode } = await answer;
      expect(statusCode).toBe(503);
      expect(await ended).toEqual([1, null]);
    });
  });

  it('leaves the status at 0 where the grace period is over after the last answer', async () => {
    const child = await spawned(50);
    await addressOf(child);
    const ended = exit(child);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('refuses a batch whose body is still coming, and reads it to its end', async () => {
    const child = await spawned();
    const address = await addressOf(child);
    const answer = ask(address, [HELD], 'application/json').catch(() => {});
    while (held.size === 0) await once(store, 'request');
    child.kill('SIGTERM');
    await draining(address);
    const sent = request(`${address}/kv`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    const refused = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.write(' '.repeat(500_000));
    await pause(100);
    sent.end(' '.repeat(500_000));
    const [{ statusCode, headers }] = await refused;
    expect([statusCode, headers['retry-after'], headers['connection']]).toEqual([503, '1', 'close']);
    for (const one of held) one.end('"late"');
    await answer;
  });

  it.each([
    ['before the signal', true],
    ['after it', false],
  ])('loses no refusal of a batch whose head came %s, and whose body comes slowly', async (_when, isBefore) => {
    const child = await spawned();
    const address = await addressOf(child);
    const ended = exit(child);
    const { port } = new URL(address);
    if (!isBefore) {
      child.kill('SIGTERM');
      await draining(address);
    }
    // As a client does that writes all of its request before it reads.
    const client = connect(Number(port), '127.0.0.1').pause();
    client.write(
      'POST /kv HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n',
    );
    if (isBefore) {
      await ready(address);
      child.kill('SIGTERM');
    }
    for (let at = 0; at < 10; at += 1) {
      await pause(100);
      client.write(' ');
    }
    expect(await text(client)).toMatch(/^HTTP\/1\.1 503 /);
    expect(await ended).toEqual([0, null]);
  });
});

/** What is left of an answer whose first part is here when the signal comes, and how the process ends. */
async function cutOff(accept: string): Promise<{ rest: string; ended: unknown[] }> {
  const child = await spawned(600);
  const ended = exit(child);
  const answer = await ask(await addressOf(child), [SOON, HELD], accept);
  await once(answer, 'data');
  while (held.size === 0) await once(store, 'request');
  child.kill('SIGTERM');
  const rest = await text(answer).catch((error: NodeJS.ErrnoException) => error.code ?? '');
  return { rest, ended: await ended };
}

/** An NDJSON answer whose first frame is here and whose second waits for the store. */
async function streaming(address: string): Promise<{ answer: IncomingMessage; first: string }> {
  const answer = await ask(address, [SOON, HELD], 'application/x-ndjson');
  const [first] = (await once(answer, 'data')) as [Buffer];
  while (held.size === 0) await once(store, 'request');
  return { answer, first: String(first) };
}

/** Resolves once readiness fails. */
async function draining(address: string): Promise<void> {
  while ((await ready(address)) !== 503);
}

async function ready(address: string): Promise<number> {
  return fetch(`${address}/health/ready`).then(
    (answer) => answer.status,
    () => 503,
  );
}
