import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { median } from './median.ts';

/**
 * How fast archives are against the first server, a plain pipe of the same bytes: all in processes of their
 * own, the store and the reader as cheap as can be, in turns; the median of the rounds.
 */
const FILES = Number(process.env['FILES'] ?? 8);
const BYTES = Number(process.env['BYTES'] ?? 64 * 2 ** 20);
const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
const MIB = 2 ** 20;

interface Usage {
  readonly cpuMs: number;
  readonly peak: number;
}

interface Runner {
  readonly name: string;
  /** The request, as it goes over the wire. */
  readonly asks: string;
  readonly port: number;
  readonly usage: () => Promise<Usage>;
  /** How many times as fast as the plain pipe it has to be. */
  readonly must?: number | undefined;
  readonly seconds: number[];
}

const children: ChildProcess[] = [];
function start(file: string, ...args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  children.push(child);
  // Nobody would answer what waits for it.
  child.once('exit', (code) => code && process.exit(1));
  return child;
}

const [storePort] = (await once(start('archive-store.ts'), 'message')) as [number];
const store = `http://127.0.0.1:${storePort}`;
const path = `/${BYTES}`;
const paths = Array.from({ length: FILES }, () => `path=${encodeURIComponent(path)}`).join('&');
const plain = `GET /?${paths} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`;

function batch(accept: string): string {
  const query = { source: 'store', op: 'get', params: { path } };
  const body = JSON.stringify({ queries: Array.from({ length: FILES }, () => query) });
  return `POST /ordered HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

async function node(name: string, kind: string, asks: string, must?: number): Promise<Runner> {
  const child = start('archive-server.ts', kind, store);
  const [port] = (await once(child, 'message')) as [number];
  const usage = async (): Promise<Usage> => {
    child.send('usage');
    return ((await once(child, 'message')) as [Usage])[0];
  };
  return { name, asks, port, usage, must, seconds: [] };
}

async function python(): Promise<Runner> {
  const child = spawn('python3', [fileURLToPath(new URL('archive-zipfile.py', import.meta.url)), store]);
  children.push(child);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const usage = async (): Promise<Usage> => {
    child.stdin.write('usage\n');
    return JSON.parse(String(((await once(child.stdout, 'data')) as [Buffer])[0])) as Usage;
  };
  return { name: 'Python zipfile', asks: plain, port: Number(port), usage, seconds: [] };
}

/** Reads an answer to its end, into the same memory again and again; resolves to the seconds it took. */
async function read({ port, asks }: Runner): Promise<number> {
  const began = performance.now();
  let bytes = 0;
  let status = '';
  const socket = connect({
    port,
    onread: {
      buffer: Buffer.alloc(MIB),
      callback: (count, buffer) => {
        if (bytes === 0) status = Buffer.from(buffer.subarray(9, 12)).toString();
        bytes += count;
        return true;
      },
    },
  });
  socket.write(asks);
  await once(socket, 'close');
  if (status !== '200' || bytes < FILES * BYTES) throw new Error(`answered ${status}, ${bytes} bytes`);
  return (performance.now() - began) / 1000;
}

const runners = [
  await node('plain pipe', 'pipe', plain),
  await node('codap zip', 'codap', batch('application/zip'), 0.8),
  await node('codap tar', 'codap', batch('application/x-tar'), 1),
  await node('archiver', 'archiver', plain),
  await python(),
];
for (const runner of runners) await read(runner);
const before = new Map<Runner, Usage>();
for (const runner of runners) before.set(runner, await runner.usage());
for (let round = 0; round < ROUNDS; round += 1) for (const runner of runners) runner.seconds.push(await read(runner));
const pipe = median((runners[0] as Runner).seconds);
const mebibytes = (FILES * BYTES) / MIB;
console.log(`${FILES} files of ${BYTES / MIB} MiB, median of ${ROUNDS} rounds; the ratio is that of the speeds`);
for (const runner of runners) {
  const seconds = median(runner.seconds);
  const ratio = pipe / seconds;
  const { must = 0 } = runner;
  const { cpuMs, peak } = await runner.usage();
  const cpu = (cpuMs - (before.get(runner) as Usage).cpuMs) / ROUNDS / (mebibytes / 1024);
  console.log(
    `${runner.name.padEnd(15)} ratio ${ratio.toFixed(2)}${must > 0 ? ` (at least ${must})` : ''}  ${(mebibytes / seconds).toFixed(0).padStart(5)} MiB/s  ${cpu.toFixed(0).padStart(5)} ms of CPU per GiB  peak RSS ${(peak / MIB).toFixed(0).padStart(4)} MiB`,
  );
  if (ratio < must) process.exitCode = 1;
}
for (const child of children) child.kill();
