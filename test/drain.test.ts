import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const BIN = new URL('../bin/codap.js', import.meta.url).pathname;
let folder: string;
let store: Server;
let storeUrl: string;
const children: ChildProcess[] = [];
const held = new Set<ServerResponse>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-drain-'));
  store = createServer((call, answer) => {
    if (call.url === '/held') held.add(answer);
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

async function post(
  address: string,
  path: string,
  agent?: Agent,
  accept = 'application/json',
): Promise<IncomingMessage> {
  const sent = request(`${address}/ordered`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    ...(agent && { agent }),
  });
  sent.end(
    JSON.stringify({
      queries: [
        { source: 'slow', op: 'get', params: { path: '/soon' } },
        { source: 'slow', op: 'get', params: { path } },
      ],
    }),
  );
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

const exit = (child: ChildProcess): Promise<unknown[]> =>
  child.exitCode === null && child.signalCode === null
    ? once(child, 'exit')
    : Promise.resolve([child.exitCode, child.signalCode]);

/** Keeps asking, eight at a time on kept connections, until the service accepts no more; answers what became of each request. */
async function load(address: string): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const outcomes: string[] = [];
  const client = async (): Promise<void> => {
    for (;;) {
      try {
        const answer = await post(address, '/soon', agent);
        const body = await text(answer);
        outcomes.push(answer.statusCode === 200 ? `200 ${JSON.parse(body).complete}` : String(answer.statusCode));
        if (answer.statusCode === 503) return;
      } catch (error) {
        outcomes.push((error as NodeJS.ErrnoException).code ?? 'unknown');
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  agent.destroy();
  return outcomes;
}

describe('SIGTERM', { timeout: 30_000 }, () => {
  const moments = Array.from({ length: 9 }, () => Math.round(Math.random() * 150));

  it('while it starts ends it at once', async () => {
    const child = await spawned();
    const ended = exit(child);
    await pause(Math.random() * 300);
    child.kill('SIGTERM');
    const [status, signal] = await ended;
    expect([0, 'SIGTERM']).toContain(status ?? signal);
  });

  it.each(moments)('drops no answer under way, sent %s ms after the load began', async (moment) => {
    const child = await spawned();
    const ended = exit(child);
    const address = await addressOf(child);
    const loading = load(address);
    await pause(moment);
    child.kill('SIGTERM');
    const outcomes = await loading;
    expect(await ended).toEqual([0, null]);
    // Beside whole answers there may be refusals: told by a status, or by a connection that is not taken any more.
    const allowed = new Set(['200 true', '503', 'ECONNREFUSED']);
    expect(outcomes.filter((outcome) => !allowed.has(outcome))).toEqual([]);
  });

  it('a second time ends the process within a second', async () => {
    const child = await spawned(60_000);
    const address = await addressOf(child);
    const asked = once(store, 'request').then(() => once(store, 'request'));
    const answer = post(address, '/held').catch(() => 'cut');
    await asked;
    const ended = exit(child);
    child.kill('SIGTERM');
    await draining(address);
    const began = performance.now();
    child.kill('SIGTERM');
    await ended;
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await answer).toBe('cut');
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

  it('in the middle of a stream that outlasts the grace period never ends it in silence', async () => {
    const child = await spawned(300);
    const ended = exit(child);
    const { answer } = await streaming(await addressOf(child));
    child.kill('SIGTERM');
    const rest = await text(answer).catch((error: NodeJS.ErrnoException) => error.code);
    expect(rest).toBe('ECONNRESET');
    expect(await ended).toEqual([1, null]);
  });
});

/** An NDJSON answer whose first frame is here and whose second waits for the store. */
async function streaming(address: string): Promise<{ answer: IncomingMessage; first: string }> {
  const answer = await post(address, '/held', undefined, 'application/x-ndjson');
  const [first] = (await once(answer, 'data')) as [Buffer];
  while (held.size === 0) await once(store, 'request');
  return { answer, first: String(first) };
}

/** Resolves once readiness fails. */
async function draining(address: string): Promise<void> {
  for (;;) {
    const status = await fetch(`${address}/health/ready`).then(
      (answer) => answer.status,
      () => 503,
    );
    if (status === 503) return;
  }
}
