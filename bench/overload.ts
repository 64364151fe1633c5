import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What overload costs: at three times what the service carries, how much of that is still answered within its deadline,
 * and how fast the rest is refused. The service runs in a process of its own, the load comes from here, over loopback;
 * each of the two phases sends for `SECONDS`.
 */
const SECONDS = 3;
const IN_FLIGHT = 20;
const CONNECTIONS = 10 * IN_FLIGHT;
const STORE_MS = 50;
const DEADLINE_MS = 1000;
const BODY = JSON.stringify({ timeoutMs: DEADLINE_MS, queries: [{ source: 'slow', op: 'get' }] });

interface Tally {
  /** Answered whole within the deadline. */
  good: number;
  /** Milliseconds each refusal took. */
  readonly refusals: number[];
  /** Neither of both. */
  other: number;
}

const store = createServer((_call, answer) => void setTimeout(() => answer.end('"here"'), STORE_MS));
store.listen(0, '127.0.0.1');
await once(store, 'listening');
const service = fork(new URL('./overload-service.ts', import.meta.url), [
  `http://127.0.0.1:${(store.address() as AddressInfo).port}/`,
  String(IN_FLIGHT),
]);
const [port] = (await once(service, 'message')) as [number];
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

async function send(tally: Tally): Promise<void> {
  const began = performance.now();
  try {
    const sent = request({
      port,
      agent,
      method: 'POST',
      path: '/ordered',
      headers: { 'content-type': 'application/json' },
    });
    sent.end(BODY);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    const took = performance.now() - began;
    if (answer.statusCode === 503) tally.refusals.push(took);
    else if (answer.headers['codap-complete'] === 'true' && took <= DEADLINE_MS) tally.good += 1;
    else tally.other += 1;
  } catch {
    tally.other += 1;
  }
}

/** As many requests as the service lets in, each followed by the next: what it can carry. */
async function saturate(): Promise<Tally> {
  const tally: Tally = { good: 0, refusals: [], other: 0 };
  const end = performance.now() + SECONDS * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) await send(tally);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
  return tally;
}

/** So many requests a second, whether or not the earlier ones have been answered. */
async function offer(rate: number): Promise<Tally> {
  const tally: Tally = { good: 0, refusals: [], other: 0 };
  const began = performance.now();
  const pending: Promise<void>[] = [];
  while (performance.now() - began < SECONDS * 1000) {
    const due = ((performance.now() - began) / 1000) * rate;
    while (pending.length < due) pending.push(send(tally));
    await pause(5);
  }
  await Promise.all(pending);
  return tally;
}

/** A busy server accepts slowly, so that what is measured would be the connecting. */
async function connectAll(): Promise<void> {
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const sent = request({ port, agent, path: '/health/live' }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
    }),
  );
}

await connectAll();
await saturate();
const carried = await saturate();
const over = await offer((3 * carried.good) / SECONDS);
const kept = over.good / carried.good;
const refusals = over.refusals.toSorted((a, b) => a - b);
const slowest = refusals.at(-1) ?? 0;
console.log(`answered in time at three times the load: ${kept.toFixed(2)} of what it carries (wanted: at least 0.90)`);
console.log(
  `refused: ${(refusals.length / (refusals.length + over.good + over.other)).toFixed(2)} of all; neither: ${over.other}`,
);
console.log(`slowest refusal: ${(slowest / 100).toFixed(2)} of the 100 ms allowed`);
agent.destroy();
service.disconnect();
store.close();
store.closeAllConnections();
if (kept < 0.9 || slowest > 100) process.exitCode = 1;
