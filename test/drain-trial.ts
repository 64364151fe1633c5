import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createPort } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/codap.js', import.meta.url));
const STORE_MS = 20;
/**
 * How long after the signal every request is still owed an answer, in milliseconds. Codap listens longer, but
 * a busy machine may hold up the client, too.
 */
const LATE_MS = 300;
const QUERY = { source: 'slow', op: 'get' };
const BODY = JSON.stringify({ queries: [QUERY, QUERY] });

/** What one trial came to. */
export interface Trial {
  /** How many requests were answered whole, and how many refused by a 503 with Retry-After. */
  readonly answered: number;
  readonly refused: number;
  /** What became of the others, but for those whose connection was refused. */
  readonly dropped: readonly string[];
  /**
   * How many were sent so late (`LATE_MS` after the signal) that the listener may have been closing, and were
   * reset.
   */
  readonly late: number;
  /** The exit status and the signal that ended the process. */
  readonly ended: readonly [number | null, string | null];
  /** Milliseconds from the signal to the process's end. */
  readonly ms: number;
}

/**
 * How a client connects, what it accepts, and how long it waits between two requests at most, in
 * milliseconds.
 */
const CLIENTS = [
  { kept: true, accept: 'application/json', idleMs: 0 },
  { kept: true, accept: 'application/x-ndjson', idleMs: 0 },
  { kept: true, accept: 'application/json', idleMs: 300 },
  { kept: true, accept: 'application/json', idleMs: 1000 },
  { kept: false, accept: 'application/json', idleMs: 20 },
] as const;

/**
 * Starts codap, keeps asking it from before it listens until after its end, and sends SIGTERM: `part` of the
 * way through its start, or so many parts of 200 ms after its first answer.
 */
export async function drainTrial(phase: 'start' | 'load', part: number, server: object = {}): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'codap-drain-'));
  const store = createServer((_call, answer) => void setTimeout(() => answer.end('"soon"'), STORE_MS)).listen(0);
  await once(store, 'listening');
  const file = join(folder, 'codap.yaml');
  const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}/`;
  await writeFile(file, JSON.stringify({ server, sources: { slow: { adapter: 'rest', url } } }));
  const port = await freePort();
  const child = spawn(process.execPath, [BIN, 'serve', file, '--port', String(port)], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.resume();
  child.stderr.resume();
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const tally = { answered: 0, refused: 0, late: 0, dropped: [] as string[] };
  let signalled = Infinity;
  const first = Promise.withResolvers<void>();
  const over = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const client = async ({ kept, accept, idleMs }: (typeof CLIENTS)[number]): Promise<void> => {
    const agent = kept && new Agent({ keepAlive: true, maxSockets: 1 });
    while (!over()) {
      const { outcome, sentAt } = await ask({ port, agent, accept });
      if (outcome === 'answered') first.resolve();
      if (outcome === 'answered' || outcome === 'refused') tally[outcome] += 1;
      else if (outcome === 'ECONNRESET' && sentAt > signalled + LATE_MS) tally.late += 1;
      else if (outcome !== 'ECONNREFUSED') tally.dropped.push(`${kept ? 'kept' : 'fresh'} ${accept}: ${outcome}`);
      await pause(outcome === 'answered' ? Math.random() * idleMs : 30);
    }
    if (agent) agent.destroy();
  };
  const clients = Promise.all(CLIENTS.map(client));

  try {
    if (phase === 'load') await Promise.race([first.promise, exit]);
    await pause(part * (phase === 'load' ? 200 : await startMs()));
    signalled = performance.now();
    child.kill('SIGTERM');
    const ended = await exit;
    const ms = performance.now() - signalled;
    await clients;
    return { ...tally, ended, ms };
  } finally {
    child.kill('SIGKILL');
    store.closeAllConnections();
    store.close();
    await rm(folder, { recursive: true });
  }
}

let started: Promise<number> | undefined;

/**
 * How long a start takes on this machine, in milliseconds: twice what the command line's help takes, measured
 * once.
 */
function startMs(): Promise<number> {
  started ??= (async () => {
    const began = performance.now();
    const child = spawn(process.execPath, [BIN, '--help']);
    child.stdout.resume();
    child.stderr.resume();
    await once(child, 'exit');
    return 2 * (performance.now() - began);
  })();
  return started;
}

/**
 * Sends one batch. Says whether it was answered whole or refused as it should be, else how it ended; and when
 * its last byte was sent.
 */
async function ask({ port, agent, accept }: { port: number; agent: Agent | false; accept: string }) {
  let sentAt = Infinity;
  const headers = { 'content-type': 'application/json', accept };
  const sent = request({ port, host: '127.0.0.1', path: '/ordered', method: 'POST', headers, agent });
  sent.once('finish', () => (sentAt = performance.now()));
  sent.end(BODY);
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return { outcome: toOutcome(answer, await text(answer)), sentAt };
  } catch (error) {
    return { outcome: (error as NodeJS.ErrnoException).code ?? String(error), sentAt };
  }
}

function toOutcome({ statusCode, headers }: IncomingMessage, body: string): string {
  if (statusCode === 503 && headers['retry-after'] !== undefined) return 'refused';
  const last = body.trimEnd().split('\n').at(-1) ?? '';
  const whole = statusCode === 200 && (JSON.parse(last) as { complete?: boolean }).complete === true;
  return whole ? 'answered' : `${statusCode} ${last}`;
}

async function freePort(): Promise<number> {
  const server = createPort().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
