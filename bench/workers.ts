import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * What workers come to: the same load on one process and on as many as there are cores, in turns. The load
 * needs a core, too, so it is such that nearly all there is to do is codap's: batches of a `forEach` of many
 * items that a cache answers and that the answer does not show. How many requests a worker answers in a
 * second of its processor time, with others beside it and alone, tells what each costs the other, and whether
 * all have an equal part. Needs `/proc`.
 */
const SECONDS = 2;
/** Each process compiles its program for itself, the more of it the more it has answered. */
const WARMING_SECONDS = 3;
const ROUNDS = 5;
const CLIENTS = 12;
/** Of as many times as there are workers. */
const WANTED = 0.85;
const WANTED_EACH = 0.9;
/** The kernel counts processor time in hundredths of a second. */
const TICKS = 100;
const QUERY = { forEach: Array.from({ length: 400 }, () => 0), source: 'store', op: 'get', params: { path: '/word' } };
const BODY = JSON.stringify({ queries: [{ ...QUERY, hidden: true }] });
const REQUEST = [
  'POST /ordered HTTP/1.1',
  'host: localhost',
  'content-type: application/json',
  `content-length: ${BODY.length}`,
  '',
  BODY,
].join('\r\n');

/** What a service has done in all of its turns. */
interface Sum {
  answered: number;
  other: number;
  seconds: number;
  /** Processor time of each worker, in seconds. */
  cpu: number[];
}

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
  /** Processor time that each worker has had, in seconds. */
  readonly cpu: () => number[];
}

async function serve(folder: string, store: number, workers: number): Promise<Service> {
  const file = join(folder, `${workers}.yaml`);
  const sources = { store: { adapter: 'rest', url: `http://127.0.0.1:${store}/`, cache: { ttlMs: 3_600_000 } } };
  await writeFile(file, JSON.stringify({ server: { port: 0, workers }, sources }));
  const bin = fileURLToPath(new URL('../bin/codap.js', import.meta.url));
  const child = spawn(process.execPath, [bin, 'serve', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const log = createInterface({ input: child.stdout });
  const port = await new Promise<number>((resolve) => {
    log.on('line', (line) => {
      const [, found] = /Server listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean);
  const pids = workers === 1 ? [child.pid!] : children;
  return { child, port, cpu: () => pids.map((pid) => cpuSeconds(pid)) };
}

function cpuSeconds(pid: number | string): number {
  // The name of a program may hold spaces; what comes after it does not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Clients that each wait for their answer before they ask again, on connections that are kept. An answer is
 * so short that it comes in one piece: to read no more than that leaves most of a core for the workers.
 */
async function load({ port, cpu }: Service, seconds: number, sum: Sum): Promise<void> {
  const began = performance.now();
  const before = cpu();
  const client = async (): Promise<void> => {
    const socket = connect({ port, noDelay: true });
    while (performance.now() - began < seconds * 1000) {
      socket.write(REQUEST);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      if (answer.includes('codap-complete: true')) sum.answered += 1;
      else sum.other += 1;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  sum.seconds += (performance.now() - began) / 1000;
  for (const [at, now] of cpu().entries()) sum.cpu[at] = (sum.cpu[at] ?? 0) + now - before[at]!;
}

const nothing = (): Sum => ({ answered: 0, other: 0, seconds: 0, cpu: [] });
const total = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);
const perCpuSecond = ({ answered, cpu }: Sum): number => answered / total(cpu);

const cores = availableParallelism();
const many = Math.max(2, cores);
const folder = await mkdtemp(join(tmpdir(), 'codap-bench-'));
const store = fork(new URL('./overload-store.ts', import.meta.url));
const [storePort] = (await once(store, 'message')) as [number];
const services = await Promise.all([1, many].map((workers) => serve(folder, storePort, workers)));
const sums = services.map(nothing);
await load(services[0]!, WARMING_SECONDS, nothing());
await load(services[1]!, 2 * WARMING_SECONDS, nothing());
for (let round = 0; round < ROUNDS; round += 1)
  for (const [at, service] of services.entries()) await load(service, SECONDS, sums[at]!);
const ended = services.map(({ child }) => once(child, 'exit'));
for (const { child } of services) child.kill('SIGTERM');
store.disconnect();
await Promise.all(ended);
await rm(folder, { recursive: true });

const [one, all] = sums as [Sum, Sum];
for (const [workers, sum] of [
  [1, one],
  [many, all],
] as const) {
  const used = total(sum.cpu) / sum.seconds;
  console.log(
    `${workers} of codap: ${Math.round(sum.answered / sum.seconds)} requests a second on ${used.toFixed(2)} cores`,
  );
  console.log(`  ${Math.round(perCpuSecond(sum))} requests in a second of its processor time; ${sum.other} refused`);
}
const ratio = all.answered / all.seconds / (one.answered / one.seconds);
const kept = perCpuSecond(all) / perCpuSecond(one);
const even = total(all.cpu) / many / Math.max(...all.cpu);
const wanted = WANTED * many;
console.log(`requests a second, ${many} beside 1: ${ratio.toFixed(2)} (at least ${wanted}), on ${cores} cores`);
console.log(`requests in a second of processor time, ${many} beside 1: ${kept.toFixed(2)} (at least ${WANTED_EACH})`);
console.log(`the mean part of the load, beside the largest: ${even.toFixed(2)}`);
if (ratio < wanted || kept < WANTED_EACH) process.exitCode = 1;
