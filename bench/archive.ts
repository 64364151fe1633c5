import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { startStores } from '../demo/stores.ts';

/** How fast archives are against the first server, a plain pipe of the same bytes, each in a process of its own, in turns; the median of the rounds. `ONLY` names those to run. */
const FILES = Number(process.env['FILES'] ?? 8);
const BYTES = Number(process.env['BYTES'] ?? 32 * 2 ** 20);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const MIB = 2 ** 20;

const stores = await startStores({ data: false });
const { mongoUrl, s3Endpoint, restUrl } = stores;
const path = `/big?bytes=${BYTES}`;
const paths = Array.from({ length: FILES }, () => `path=${encodeURIComponent(path)}`).join('&');
const query = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: BYTES } }, timeoutMs: 2000 };
const body = JSON.stringify({ queries: Array.from({ length: FILES }, () => query) });

interface Runner {
  readonly name: string;
  readonly run: () => Promise<number>;
  readonly peak: () => Promise<number>;
  readonly speeds: number[];
}

/** Reads an answer to its end; resolves to the MiB of content per second. */
async function read(begin: () => Promise<IncomingMessage>): Promise<number> {
  const began = performance.now();
  const response = await begin();
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(response, 'end');
  if (bytes < FILES * BYTES) throw new Error(`only ${bytes} bytes came`);
  return (FILES * BYTES) / MIB / ((performance.now() - began) / 1000);
}

const children: ChildProcess[] = [];
async function own(name: string, kind: 'pipe' | 'codap', accept?: string): Promise<Runner> {
  const child = fork(fileURLToPath(new URL('archive-server.ts', import.meta.url)), [
    kind,
    JSON.stringify({ mongoUrl, s3Endpoint, restUrl }),
  ]);
  children.push(child);
  const [port] = (await once(child, 'message')) as [number];
  const ask = async (): Promise<IncomingMessage> => {
    const asked =
      kind === 'pipe'
        ? get({ port, path: `/?${paths}` })
        : request({ port, path: '/ordered', method: 'POST', headers: { 'content-type': 'application/json', accept } });
    asked.end(kind === 'pipe' ? undefined : body);
    return ((await once(asked, 'response')) as [IncomingMessage])[0];
  };
  const peak = async (): Promise<number> => {
    child.send('peak');
    return ((await once(child, 'message')) as [number])[0];
  };
  return { name, run: () => read(ask), peak, speeds: [] };
}

async function python(): Promise<Runner> {
  const child = spawn('python3', [fileURLToPath(new URL('archive-zipfile.py', import.meta.url)), restUrl]);
  children.push(child);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const ask = async (): Promise<IncomingMessage> =>
    ((await once(get({ port: Number(port), path: `/?${paths}` }), 'response')) as [IncomingMessage])[0];
  const peak = async (): Promise<number> => {
    child.stdin.end();
    return Number(((await once(child.stdout, 'data')) as [Buffer])[0]) * 1024;
  };
  return { name: 'Python', run: () => read(ask), peak, speeds: [] };
}

const runners = [
  await own('plain pipe', 'pipe'),
  await own('codap zip', 'codap', 'application/zip'),
  await own('codap tar', 'codap', 'application/x-tar'),
  await python(),
].filter(({ name }) => name.includes(process.env['ONLY'] ?? ''));
for (let round = 0; round < ROUNDS; round += 1) for (const one of runners) one.speeds.push(await one.run());
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const plain = median((runners[0] as Runner).speeds);
console.log(`${FILES} files of ${BYTES / MIB} MiB, median of ${ROUNDS} rounds`);
for (const { name, speeds, peak } of runners) {
  const speed = median(speeds);
  console.log(
    `${name.padEnd(15)} ${speed.toFixed(0).padStart(5)} MiB/s  ratio ${(speed / plain).toFixed(2)}  peak RSS ${((await peak()) / MIB).toFixed(0)} MiB`,
  );
}
for (const child of children) child.kill();
await stores.close();
