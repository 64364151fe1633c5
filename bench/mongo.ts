import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { DOCUMENTS, idOf } from './mongo-documents.ts';

/**
 * Many documents of MongoDB by codap and by a hand-written service over Fastify and the driver, in pairs of rounds: each in a process of
 * its own, the store as well, which only answers. With `--guard` it fails where codap comes to less than half of what it has to.
 */
const ROUNDS = 5;
const ROUND_MS = 600;
const WARMING_MS = 1500;
const CLIENTS = 4;
const MIB = 2 ** 20;

const query = (op: string, filter: object) => ({ source: 'shop', op, params: { collection: 'items', filter } });
/** What is asked, `documents` at a time; and how many times as fast as the one by hand codap has to be, by the CPU that each document costs. */
const CASES = [
  { name: '10 findOne', ...single(10), must: 0.95 },
  { name: '100 findOne', ...single(100), must: 0.95 },
  {
    name: `a find of ${DOCUMENTS}`,
    documents: DOCUMENTS,
    codap: [JSON.stringify({ queries: { all: query('find', {}) } })],
    byHand: ['{}'],
    must: 2,
  },
];

function single(documents: number) {
  const batches = Array.from({ length: DOCUMENTS / documents }, (_, batch) =>
    Array.from({ length: documents }, (_, at) => idOf(batch * documents + at).toHexString()),
  );
  const queries = (ids: readonly string[]) =>
    Object.fromEntries(ids.map((id, at) => [`k${at}`, query('findOne', { _id: { $oid: id } })]));
  return {
    documents,
    codap: batches.map((ids) => JSON.stringify({ queries: queries(ids) })),
    byHand: batches.map((ids) => JSON.stringify({ ids })),
  };
}

interface Usage {
  readonly cpuMs: number;
  readonly peak: number;
}

async function start(file: string, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  // Nobody would answer what waits for it.
  child.once('exit', (code) => code && process.exit(code));
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

/** One of the two services. */
class Service {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });
  /** Answers that were none because the machine was too busy. */
  refused = 0;

  constructor({ child, port }: { child: ChildProcess; port: number }) {
    this.#child = child;
    this.#port = port;
  }

  async usage(): Promise<Usage> {
    this.#child.send('usage');
    return ((await once(this.#child, 'message')) as [Usage])[0];
  }

  /** A few clients, each of which waits for its answer before it asks again; how many answers came a second, and the CPU of each in µs. */
  async serve(bodies: readonly string[], ms: number): Promise<{ rate: number; cpuUs: number }> {
    const before = await this.usage();
    const began = performance.now();
    let asked = 0;
    let answers = 0;
    const client = async (): Promise<void> => {
      while (performance.now() - began < ms || answers === 0)
        if (await this.#ask(bodies[asked++ % bodies.length] as string)) answers += 1;
        else await pause(20);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const seconds = (performance.now() - began) / 1000;
    const { cpuMs } = await this.usage();
    return { rate: answers / seconds, cpuUs: (1000 * (cpuMs - before.cpuMs)) / answers };
  }

  /** Whether it was answered. */
  async #ask(body: string): Promise<boolean> {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ port: this.#port, path: '/kv', method: 'POST', headers, agent: this.#agent }).end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    if (answer.statusCode === 503) this.refused += 1;
    else if (answer.statusCode !== 200 || answer.headers['codap-complete'] === 'false')
      throw new Error(`answered ${answer.statusCode}`);
    return answer.statusCode === 200;
  }

  end(): void {
    this.#agent.destroy();
    this.#child.disconnect();
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const store = await start('./mongo-store.ts');
const url = `mongodb://127.0.0.1:${store.port}/?directConnection=true`;
const services = {
  byHand: new Service(await start('./mongo-service.ts', 'byHand', url)),
  codap: new Service(await start('./mongo-service.ts', 'codap', url)),
};
const least = process.argv.includes('--guard') ? 0.5 : 0;
console.log(`codap beside Fastify and the driver by hand, median of ${ROUNDS} pairs of rounds; the ratios are codap's`);
for (const { name, documents, must, ...bodies } of CASES) {
  const costs = { byHand: [] as number[], codap: [] as number[] };
  const ratios = { rate: [] as number[], cpu: [] as number[] };
  for (const kind of ['byHand', 'codap'] as const) await services[kind].serve(bodies[kind], WARMING_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    const byHand = await services.byHand.serve(bodies.byHand, ROUND_MS);
    const codap = await services.codap.serve(bodies.codap, ROUND_MS);
    costs.byHand.push(byHand.cpuUs / documents);
    costs.codap.push(codap.cpuUs / documents);
    ratios.rate.push(codap.rate / byHand.rate);
    ratios.cpu.push(byHand.cpuUs / codap.cpuUs);
  }
  const ratio = median(ratios.cpu);
  const peaks = await Promise.all([services.codap.usage(), services.byHand.usage()]);
  const [peak, peakByHand] = peaks.map((usage) => (usage.peak / MIB).toFixed(0));
  console.log(
    `${name.padEnd(14)} throughput ${median(ratios.rate).toFixed(2)}, by CPU ${ratio.toFixed(2)} (at least ${must}): ` +
      `${median(costs.codap).toFixed(1)} µs a document, by hand ${median(costs.byHand).toFixed(1)}; ` +
      `peak RSS by now ${peak} MiB, by hand ${peakByHand}`,
  );
  if (ratio < least * must) process.exitCode = 1;
}
if (services.codap.refused > 0) console.log(`too busy a machine: ${services.codap.refused} batches were refused`);
for (const service of Object.values(services)) service.end();
store.child.disconnect();
