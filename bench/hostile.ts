import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { V8_FLAGS } from '../bin/v8-flags.js';
import { start } from './start.ts';

/**
 * What 1,000 connections that drip a header or a body cost the others: the p99 of the others' requests with
 * these beside them, as a ratio to the p99 without them, measured in turns. Service, store, the slow clients
 * and the others are a process each. Each turn with them outlasts the 10 s that a request may take to arrive,
 * so that all of them are cut and come again.
 */
const ROUNDS = 3;
const SECONDS = { alone: 4, beside: 12 };
const CLIENTS = 4;
const WANTED = 1.5;
const BODY = JSON.stringify({ queries: [{ source: 'store', op: 'get', params: { path: '/word' } }] });

const { child: store, port: storePort } = await start('./overload-store.ts');
const { child: service, port } = await start('./overload-service.ts', [`http://127.0.0.1:${storePort}/`, '1000'], {
  execArgv: V8_FLAGS,
});
const slow = fork(new URL('./hostile-clients.ts', import.meta.url));
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
let refused = 0;

/**
 * How long an answer took, in milliseconds. Undefined where the service did not let it in, because the
 * machine was busy with other things.
 */
async function send(): Promise<number | undefined> {
  const began = performance.now();
  const headers = { 'content-type': 'application/json' };
  const sent = request({ port, method: 'POST', path: '/ordered', headers, agent }).end(BODY);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode === 503) return undefined;
  if (answer.headers['codap-complete'] !== 'true') throw new Error(`answered ${answer.statusCode}`);
  return performance.now() - began;
}

async function measure(seconds: number, times: number[]): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const ms = await send();
      if (ms === undefined) refused += 1;
      else times.push(ms);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function tell(told: number): Promise<number> {
  slow.send(told);
  const [cut] = (await once(slow, 'message')) as [number];
  return cut;
}

const times = { alone: [] as number[], beside: [] as number[] };
let cut = 0;
await measure(2, []);
for (let round = 0; round < ROUNDS; round += 1) {
  await measure(SECONDS.alone, times.alone);
  await tell(port);
  await measure(SECONDS.beside, times.beside);
  cut = await tell(0);
}
for (const child of [slow, service, store]) child.disconnect();
agent.destroy();

const at = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] as number;
const ratio = at(times.beside, 0.99) / at(times.alone, 0.99);
for (const [name, values] of Object.entries(times))
  console.log(
    `${name}: ${values.length} requests, p50 ${at(values, 0.5).toFixed(2)} ms, p99 ${at(values, 0.99).toFixed(2)} ms`,
  );
console.log(
  `beside 1,000 slow connections, ${cut} times cut with a 408: p99 ${ratio.toFixed(2)} of that without (at most ${WANTED})`,
);
if (refused > 0) console.log(`refused: ${refused}; the machine is too busy for these figures to mean much`);
if (ratio > WANTED || cut < 1000) process.exitCode = 1;
