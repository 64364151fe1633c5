import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { startStores } from '../demo/stores.ts';
import { median } from './median.ts';

/**
 * NDJSON of 100,000 documents: codap's streamed `find` against two loops over the driver's cursor, one that
 * writes each document and one that gathers its writes; each in a process of its own, in turns, the median of
 * the rounds.
 */
const DOCUMENTS = 100_000;
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);

const stores = await startStores({ data: false });
await stores.load(
  'shop',
  'orders',
  Array.from({ length: DOCUMENTS }, (_, at) => ({
    _id: at,
    name: `order ${at}`,
    price: at / 4,
    tags: ['a', 'b'],
    at: new Date(1_700_000_000_000 + at * 61_001),
  })),
);

const query = { source: 'shop', op: 'find', params: { collection: 'orders' }, stream: true };
const body = JSON.stringify({ queries: { orders: query } });

/** Reads an answer to its end; resolves to the milliseconds it took. */
async function read(port: number): Promise<number> {
  const began = performance.now();
  const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
  const asked = request({ port, path: '/kv', method: 'POST', headers }).end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200)
    throw new Error(`answered ${response.statusCode}: ${String((await once(response, 'data'))[0])}`);
  let lines = 0;
  response.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  });
  await once(response, 'end');
  if (lines < DOCUMENTS) throw new Error(`only ${lines} lines came`);
  return performance.now() - began;
}

interface Runner {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly times: number[];
}

async function own(name: string, kind: 'codap' | 'loop' | 'gathered'): Promise<Runner> {
  const child = fork(fileURLToPath(new URL('ndjson-server.ts', import.meta.url)), [kind, stores.mongoUrl]);
  const [port] = (await once(child, 'message')) as [number];
  return { name, child, port, times: [] };
}

const runners = [
  await own('a loop', 'loop'),
  await own('a loop that gathers', 'gathered'),
  await own('codap', 'codap'),
] as const;
for (const one of runners) await read(one.port);
for (let round = 0; round < ROUNDS; round += 1) for (const one of runners) one.times.push(await read(one.port));
const codap = median(runners[2].times);
console.log(
  `${DOCUMENTS} documents, median of ${ROUNDS} rounds; codap is to be at least as fast as either loop (1.00)`,
);
for (const one of runners) {
  one.child.send('peak');
  const [peak] = (await once(one.child, 'message')) as [number];
  const took = median(one.times);
  console.log(
    `${one.name.padEnd(20)} ${took.toFixed(0).padStart(6)} ms  codap is ${(took / codap).toFixed(2)} times as fast  peak RSS ${(peak / 2 ** 20).toFixed(0)} MiB`,
  );
  if (took < codap) process.exitCode = 1;
  one.child.disconnect();
}
await stores.close();
