import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request, type Dispatcher } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCodapProcess, type CodapProcess } from '../codap-process.ts';
import { shapes, type Shape } from './shapes.ts';

/** What one request may cost: its answer so long after its deadline, others' answers so late, so much more memory. */
const LATE_MS = 50;
const OTHERS_MS = 250;
const MEMORY = 256 * 2 ** 20;
const TIMEOUT_MS = 2000;

const stores: ChildProcess[] = [];
const ports: number[] = [];
let codap: CodapProcess | undefined;
const agent = new Agent({ connections: 4, bodyTimeout: 0, headersTimeout: 0 });

beforeAll(async () => {
  for (const file of ['store.ts', 'shop.ts']) {
    const child = fork(new URL(file, import.meta.url), { stdio: 'pipe' });
    stores.push(child);
    const [port] = (await once(child, 'message')) as [number];
    ports.push(port);
  }
});
afterAll(async () => {
  await agent.destroy();
  await codap?.[Symbol.asyncDispose]();
  for (const child of stores) child.disconnect();
});

/** The service; a new one where a request has ended it. */
async function running(): Promise<CodapProcess> {
  if (codap && (await codap.rss().catch(() => 0)) > 0) return codap;
  await codap?.[Symbol.asyncDispose]();
  const [store, shop] = ports;
  codap = await startCodapProcess({
    sources: {
      store: { adapter: 'rest', url: `http://127.0.0.1:${store}/`, methods: ['get', 'post'] },
      shop: { adapter: 'mongo', url: `mongodb://127.0.0.1:${shop}/`, database: 'shop', collections: ['items'] },
    },
  });
  return codap;
}

/** Asks until the service is calm enough to let a request in. */
async function ask(
  url: string,
  headers: Record<string, string>,
  body: string,
  asking: () => void,
): Promise<Dispatcher.ResponseData> {
  for (;;) {
    asking();
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent });
    if (answer.statusCode !== 503) return answer;
    await answer.body.dump();
    await pause(100);
  }
}

/** What a request cost. */
interface Cost {
  readonly status: number;
  readonly answer: string;
  /** Milliseconds to the answer's first byte. */
  readonly ms: number;
  /** The longest that `/health/live` took meanwhile, in milliseconds. */
  readonly othersMs: number;
  /** Bytes of memory beyond what was in use before. */
  readonly memory: number;
}

async function costOf({ path, body, accept }: Shape): Promise<Cost> {
  const codap = await running();
  const before = await codap.rss();
  let most = before;
  let othersMs = 0;
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      const began = performance.now();
      const { body } = await request(`${codap.url}/health/live`, { dispatcher: agent });
      await body.dump();
      othersMs = Math.max(othersMs, performance.now() - began);
      most = Math.max(most, await codap.rss());
      await pause(10);
    }
  })();
  const headers = { 'content-type': 'application/json', accept };
  let began = performance.now();
  const answer = await ask(`${codap.url}${path}`, headers, body, () => (began = performance.now()));
  const ms = performance.now() - began;
  let start = '';
  for await (const chunk of answer.body) if (start.length < 400) start += String(chunk);
  over.abort();
  await watch;
  return { status: answer.statusCode, answer: start.slice(0, 400), ms, othersMs, memory: most - before };
}

test.each(shapes)('$name', async (shape) => {
  const cost = await costOf(shape);
  if (process.env['COST'])
    console.log(shape.name, shape.body.length, JSON.stringify({ ...cost, answer: cost.answer.slice(0, 160) }));
  expect.soft(cost.status, cost.answer).not.toBe(500);
  expect.soft(cost.ms).toBeLessThan(TIMEOUT_MS + LATE_MS);
  expect.soft(cost.othersMs).toBeLessThan(OTHERS_MS);
  expect.soft(cost.memory).toBeLessThan(MEMORY);
});
