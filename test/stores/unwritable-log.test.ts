import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../stores/free-port.ts';

const BIN = fileURLToPath(new URL('../../bin/codap.js', import.meta.url));
let folder: string;
let store: Server;
let storeUrl: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-unwritable-log-'));
  store = createServer((call, answer) => {
    if (call.url === '/bad') answer.writeHead(500).end();
    else if (call.url !== '/held') answer.writeHead(200, { 'content-type': 'application/json' }).end('"soon"');
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  storeUrl = `http://127.0.0.1:${(store.address() as AddressInfo).port}/`;
});
afterEach(() => {
  for (const child of children.splice(0)) {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // All of the group have ended.
    }
  }
});
afterAll(async () => {
  store.closeAllConnections();
  store.close();
  await rm(folder, { recursive: true });
});

/** What runs a command whose output cannot be written, for a shell; `$0` is a name for a file. */
const OUTPUTS = {
  'a pipe whose reader has gone': 'mkfifo "$0" && { true < "$0" & } && exec "$@" > "$0"',
  'a disk that is full': 'exec "$@" > /dev/full',
  // Whose pipe has no room left.
  'a reader that stalls': 'mkfifo "$0" && exec 4<> "$0" && head -c 65536 /dev/zero >&4 && exec "$@" > "$0"',
  'a socket whose reader stalls': 'timeout 0.5 cat /dev/zero >&3; exec "$@" >&3',
};

interface Service {
  readonly child: ChildProcess;
  readonly url: string;
  readonly file: string;
  readonly config: { readonly sources: object };
  readonly ended: Promise<unknown[]>;
}

/** A service that is ready and has this output. */
async function serving(output: keyof typeof OUTPUTS, workers: number): Promise<Service> {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  const source = { adapter: 'rest', url: storeUrl, timeoutMs: 20_000, retry: false };
  const sources = { good: source, bad: { ...source, breaker: { calls: 1 } } };
  const config = { server: { workers, graceMs: 20_000, timeoutMs: 20_000 }, sources };
  await writeFile(file, JSON.stringify(config));
  const port = await freePort();
  const command = [process.execPath, BIN, 'serve', file, '--port', String(port)];
  const child = spawn('sh', ['-c', OUTPUTS[output], `${file}.pipe`, ...command], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  children.push(child);
  child.stdout!.resume();
  child.stderr!.resume();
  const ended = once(child, 'exit');
  const service = { child, url: `http://127.0.0.1:${port}`, file, config, ended };
  while (!(await isReady(service))) await pause(50);
  return service;
}

const isReady = ({ url }: Service): Promise<boolean> =>
  fetch(`${url}/health/ready`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );

async function ask({ url }: Service, source: string, path: string): Promise<string> {
  const answer = await fetch(`${url}/kv`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ queries: { it: { source, op: 'get', params: { path } } } }),
    signal: AbortSignal.timeout(10_000),
  });
  return answer.text();
}

const cases = (Object.keys(OUTPUTS) as (keyof typeof OUTPUTS)[]).flatMap((output) =>
  [1, 2].map((workers) => [output, workers] as const),
);

describe.runIf(process.platform === 'linux').each(cases)('with a log to %s, and %i processes,', (output, workers) => {
  it('warnings cost no answer, and SIGTERM ends it', async () => {
    const service = await serving(output, workers);
    // The first that fails opens the circuit of its process, which is a warning.
    for (let at = 0; at < 6; at += 1) await ask(service, 'bad', '/bad');
    await writeFile(service.file, 'sources: 1');
    service.child.kill('SIGHUP');
    // More lines than are gathered.
    for (let at = 0; at < 40; at += 1) expect(await ask(service, 'good', '/soon')).toContain('"soon"');
    // Once the next one is in force, what was wrong with that one has been told.
    const { sources } = service.config;
    await writeFile(
      service.file,
      JSON.stringify({ ...service.config, sources: { ...sources, next: { adapter: 'rest', url: storeUrl } } }),
    );
    service.child.kill('SIGHUP');
    while (!(await ask(service, 'next', '/soon')).includes('"soon"')) await pause(20);
    expect(await isReady(service)).toBe(true);
    const began = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('a second SIGTERM ends it within a second', async () => {
    const service = await serving(output, workers);
    await ask(service, 'bad', '/bad');
    const asked = once(store, 'request');
    const held = ask(service, 'good', '/held').catch(() => 'cut');
    await asked;
    service.child.kill('SIGTERM');
    while (await isReady(service));
    expect([service.child.exitCode, service.child.signalCode]).toEqual([null, null]);
    const began = performance.now();
    service.child.kill('SIGTERM');
    await service.ended;
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await held).toBe('cut');
  });
});
