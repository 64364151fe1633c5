import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { V8_FLAGS } from '../bin/v8-flags.js';
import { median } from './median.ts';
import { start, type Started } from './start.ts';

/**
 * codap and a service by hand, each in a process of its own, on the same work in turns. The ratios are those
 * of pairs of rounds, so that what else the machine does meanwhile hits both.
 */
export const ROUNDS = 5;
export const ROUND_MS = 600;
export const WARMING_MS = 1500;
const CLIENTS = 4;
const MIB = 2 ** 20;
/** codap writes its log, and nobody reads it. */
export const QUIET: StdioOptions = ['ignore', 'ignore', 'inherit', 'ipc'];

/** What is asked of both, and what codap has to come to. */
export interface Case {
  readonly name: string;
  /** How many things one batch asks for, and what one is called. */
  readonly count: number;
  readonly of: string;
  /** The bodies that are posted, one after the other. */
  readonly codap: readonly string[];
  readonly byHand: readonly string[];
  /** How many times as fast codap has to be, by the CPU that each of them costs. */
  readonly must: number;
}

/** A request for a batch. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

interface Usage {
  readonly cpuMs: number;
  readonly peak: number;
}

/** A service under load. */
export class Service {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });
  /** How many requests it has had: each serving goes on where the last one ended. */
  #asked = 0;
  /** Answers that were none because the machine was too busy. */
  refused = 0;

  constructor({ child, port }: Started) {
    this.#child = child;
    this.#port = port;
  }

  async usage(): Promise<Usage> {
    this.#child.send('usage');
    return ((await once(this.#child, 'message')) as [Usage])[0];
  }

  /**
   * A few clients, each of which waits for its answer before it asks again; how many answers came a second,
   * and the CPU of each in µs.
   */
  async serve(requests: readonly Request[], ms: number): Promise<{ rate: number; cpuUs: number }> {
    const before = await this.usage();
    const began = performance.now();
    let answers = 0;
    const client = async (): Promise<void> => {
      while (performance.now() - began < ms || answers === 0)
        if (await this.#ask(requests[this.#asked++ % requests.length] as Request)) answers += 1;
        else await pause(20);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const seconds = (performance.now() - began) / 1000;
    const { cpuMs } = await this.usage();
    return { rate: answers / seconds, cpuUs: (1000 * (cpuMs - before.cpuMs)) / answers };
  }

  /** Whether it was answered. */
  async #ask({ method, path, body }: Request): Promise<boolean> {
    const headers =
      body === undefined
        ? undefined
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ port: this.#port, path, method, headers, agent: this.#agent }).end(body);
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

/** A batch of keyed queries that stands in the body. */
export const posted = (body: string): Request => ({ method: 'POST', path: '/kv', body });

/**
 * Measures all cases on both services, which `file` starts with its kind and the address of the store. With
 * `--guard` the process fails where codap comes to less than half of what it has to.
 */
export async function compare(file: string, url: string, cases: readonly Case[]): Promise<void> {
  const services = {
    byHand: new Service(await start(file, ['byHand', url], { stdio: QUIET })),
    // With the flags that `bin/codap.js` sets.
    codap: new Service(await start(file, ['codap', url], { stdio: QUIET, execArgv: V8_FLAGS })),
  };
  const isGuard = process.argv.includes('--guard');
  console.log(`codap beside a service by hand, median of ${ROUNDS} pairs of rounds; the ratios are codap's`);
  for (const { name, count, of, must, ...bodies } of cases) {
    const requests = { byHand: bodies.byHand.map(posted), codap: bodies.codap.map(posted) };
    const costs = { byHand: [] as number[], codap: [] as number[] };
    const ratios = { rate: [] as number[], cpu: [] as number[] };
    for (const kind of ['byHand', 'codap'] as const) await services[kind].serve(requests[kind], WARMING_MS);
    for (let round = 0; round < ROUNDS; round += 1) {
      const byHand = await services.byHand.serve(requests.byHand, ROUND_MS);
      const codap = await services.codap.serve(requests.codap, ROUND_MS);
      costs.byHand.push(byHand.cpuUs / count);
      costs.codap.push(codap.cpuUs / count);
      ratios.rate.push(codap.rate / byHand.rate);
      ratios.cpu.push(byHand.cpuUs / codap.cpuUs);
    }
    const ratio = median(ratios.cpu);
    const peaks = await Promise.all([services.codap.usage(), services.byHand.usage()]);
    const [peak, peakByHand] = peaks.map((usage) => (usage.peak / MIB).toFixed(0));
    console.log(
      `${name.padEnd(19)} throughput ${median(ratios.rate).toFixed(2)}, by CPU ${ratio.toFixed(2)} (at least ${must}): ` +
        `${median(costs.codap).toFixed(1)} µs a ${of}, by hand ${median(costs.byHand).toFixed(1)}; ` +
        `peak RSS by now ${peak} MiB, by hand ${peakByHand}`,
    );
    if (isGuard && ratio < must / 2) process.exitCode = 1;
  }
  if (services.codap.refused > 0) console.log(`too busy a machine: ${services.codap.refused} batches were refused`);
  for (const service of Object.values(services)) service.end();
}
