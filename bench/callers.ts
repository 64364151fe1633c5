import type { ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { hashedKey, makeKey } from '../src/callers/api-keys.ts';
import { V8_FLAGS } from '../bin/v8-flags.js';
import { start } from './start.ts';

/**
 * What a caller costs the others that asks ten times as often as it may: beside it, and beside the same
 * caller at its rate, in turns, how many of their batches are answered, and how fast; and how fast it is
 * refused.
 * Service, store (it answers after 5 ms) and load are a process each, over loopback.
 */
const SECONDS = 2;
const ROUNDS = 6;
const MODEST = 4;
/** Batches a second of each modest caller, and of the greedy one as far as it may. */
const RATE = 50;
const TIMES = 10;
const WANTED = { goodput: 0.9, longer: 1.5, refusedMs: 20 };

const names = ['greedy', ...Array.from({ length: MODEST }, (_, at) => `modest${at}`)];
const keys = new Map(names.map((name) => [name, makeKey()]));
const rate = { perSecond: RATE, burst: RATE };
const callers = Object.fromEntries(
  names.map((name) => [
    name,
    { keys: [hashedKey(keys.get(name)!)], sources: ['store'], adhoc: true, ...(name === 'greedy' && { rate }) },
  ]),
);
process.env['CALLERS'] = JSON.stringify(callers);
const store = await start('./rest-store.ts', ['5']);
const stdio: ForkOptions['stdio'] = ['ignore', 'ignore', 'inherit', 'ipc'];
const service = await start('./callers-service.ts', ['codap', `http://127.0.0.1:${store.port}/`], {
  stdio,
  execArgv: V8_FLAGS,
});
const agent = new Agent({ keepAlive: true });
const body = JSON.stringify({ queries: [{ source: 'store', op: 'get', params: { path: '/light' } }] });

/** What became of batches: how long each took that was answered, and each that was refused. */
interface Tally {
  asked: number;
  readonly answered: number[];
  readonly refused: number[];
}

const tallies = (): Tally => ({ asked: 0, answered: [], refused: [] });

async function send(name: string, tally: Tally): Promise<void> {
  const began = performance.now();
  tally.asked += 1;
  const headers = { 'content-type': 'application/json', 'x-api-key': keys.get(name)! };
  const sent = request({ port: service.port, method: 'POST', path: '/ordered', headers, agent });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  const times = answer.statusCode === 429 ? tally.refused : tally.answered;
  if (answer.statusCode === 200 || answer.statusCode === 429) times.push(performance.now() - began);
}

/** Has a caller ask so many times a second, whether or not the earlier ones have been answered. */
async function offer(name: string, perSecond: number, tally: Tally): Promise<void> {
  const began = performance.now();
  const open: Promise<void>[] = [];
  while (performance.now() - began < SECONDS * 1000) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    while (open.length < due) open.push(send(name, tally));
    await pause(2);
  }
  await Promise.all(open);
}

async function round(greedily: number, modest: Tally, greedy: Tally): Promise<void> {
  const others = names.slice(1).map((name) => offer(name, RATE, modest));
  await Promise.all([...others, offer('greedy', greedily, greedy)]);
}

const [usual, beside, greedy] = [tallies(), tallies(), tallies()];
await round(RATE, tallies(), tallies());
for (let at = 0; at < ROUNDS; at += 1) {
  await round(RATE, usual, tallies());
  await round(TIMES * RATE, beside, greedy);
}
agent.destroy();
service.child.disconnect();
store.child.disconnect();

const part = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? Infinity;
const told = (what: string, { asked, answered }: Tally): number => {
  const goodput = answered.length / asked;
  const [p50, p99] = [0.5, 0.99].map((share) => part(answered, share).toFixed(1));
  console.log(`${what}: ${(100 * goodput).toFixed(1)} % of the others' batches answered, p50 ${p50} ms, p99 ${p99} ms`);
  return goodput;
};
const goodput = told(`a caller at ${TIMES} times its rate`, beside) / told('at its rate', usual);
const longer = part(beside.answered, 0.99) / part(usual.answered, 0.99);
const refusedMs = part(greedy.refused, 0.99);
console.log(
  `goodput ${goodput.toFixed(2)} (at least ${WANTED.goodput}), p99 ${longer.toFixed(2)} times as long (at most ${WANTED.longer})`,
);
console.log(
  `${greedy.answered.length} of the greedy one's answered, ${greedy.refused.length} refused: p99 ${refusedMs.toFixed(1)} ms (at most ${WANTED.refusedMs})`,
);
if (goodput < WANTED.goodput || longer > WANTED.longer || refusedMs > WANTED.refusedMs) process.exitCode = 1;
