import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request, type Dispatcher } from 'undici';
import { startCodapProcess, type CodapProcess } from '../codap-process.ts';
import type { Shape } from './making.ts';
import type { Told } from './told.ts';

const LAG = import.meta.resolve('./lag.ts');

/** What came of a request. */
export interface Outcome {
  readonly status: number;
  /** The beginning of the answer. */
  readonly answer: string;
  /** Milliseconds to the answer's first byte. */
  readonly ms: number;
}

/** The service in a process of its own, before stores in theirs. */
export interface Tried extends AsyncDisposable {
  /** The service; a new one where a request has ended it. */
  running(): Promise<CodapProcess>;
  /** Asks; where the service is too busy to let a request in, again and again if `patient`. */
  ask(shape: Shape, patient?: boolean): Promise<Outcome>;
  /** How long `/health/live` takes, in milliseconds. */
  health(): Promise<number>;
}

/** Starts the stores; `told` takes what the service says of itself. */
export async function tryOut(told: (message: Told) => void): Promise<Tried> {
  const stores: ChildProcess[] = [];
  const ports: number[] = [];
  const agent = new Agent({ connections: 64, bodyTimeout: 0, headersTimeout: 0 });
  // Others have a store of their own: what the first one makes takes it a while.
  for (const file of ['store.ts', 'shop.ts', 'store.ts']) {
    const child = fork(new URL(file, import.meta.url), { stdio: 'pipe' });
    stores.push(child);
    ports.push(...((await once(child, 'message')) as number[]).slice(0, 1));
  }
  const [store, shop, others] = ports;
  // What the first two compute is not to take the processor from the service: it would be counted against it.
  for (const { pid } of stores.slice(0, 2)) setPriority(pid as number, 10);
  let codap: CodapProcess | undefined;
  const sources = {
    store: { adapter: 'rest', url: `http://127.0.0.1:${store}/`, methods: ['get', 'post'] },
    others: { adapter: 'rest', url: `http://127.0.0.1:${others}/` },
    shop: {
      adapter: 'mongo',
      url: `mongodb://127.0.0.1:${shop}/`,
      database: 'shop',
      collections: ['items', 'rows', 'large', 'deep', 'lines', 'controls', 'slow'],
    },
  };

  async function running(): Promise<CodapProcess> {
    if (codap && (await codap.rss().catch(() => 0)) > 0) return codap;
    await codap?.[Symbol.asyncDispose]();
    codap = await startCodapProcess({ sources }, [LAG], (message) => told(message as Told));
    return codap;
  }

  async function send(url: string, { name, accept, body, path }: Shape): Promise<[Dispatcher.ResponseData, number]> {
    const began = performance.now();
    const headers = { 'content-type': 'application/json', accept, ...(/^\w+$/.test(name) && { 'x-request-id': name }) };
    const answer = await request(url + path, { method: 'POST', headers, body, dispatcher: agent });
    return [answer, performance.now() - began];
  }

  async function ask(shape: Shape, patient = true): Promise<Outcome> {
    const { url } = await running();
    const [answer, ms] = await send(url, shape);
    if (answer.statusCode === 503 && patient) {
      await answer.body.dump();
      await pause(100);
      return ask(shape);
    }
    let start = '';
    // A stream that breaks has begun: what it cost is known.
    try {
      for await (const chunk of answer.body) if (start.length < 400) start += String(chunk).slice(0, 400);
    } catch {
      start += ' (broken off)';
    }
    return { status: answer.statusCode, answer: start, ms };
  }

  return {
    running,
    ask,
    async health() {
      const { url } = await running();
      const began = performance.now();
      const { body } = await request(`${url}/health/live`, { dispatcher: agent });
      await body.dump();
      return performance.now() - began;
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
      await codap?.[Symbol.asyncDispose]();
      for (const child of stores) child.disconnect();
    },
  };
}
