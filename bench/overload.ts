import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { V8_FLAGS } from '../bin/v8-flags.js';
import { start } from './start.ts';

/**
 * What overload costs: asked three times as much as it carries, how much does the service still answer within
 * the deadline, and how fast does it refuse the rest? Once where places run out (`maxInFlight`), once where
 * the processor does (large answers, reshaped, so that the event loop lags). In turns; service, store and
 * load are a process each, over loopback. Every fourth request comes on a connection of its own.
 */
const SECONDS = 2;
const ROUNDS = 5;
const DEADLINE_MS = 1000;
const WANTED = { kept: 0.9, refusalMs: 100, answerMs: 500 };
const CASES = {
  'out of places': { maxInFlight: 20, clients: 20, query: { source: 'store', op: 'get', params: { path: '/light' } } },
  'out of processor': {
    maxInFlight: 1000,
    clients: 8,
    query: { source: 'store', op: 'get', params: { path: '/heavy' }, select: { all: '', last: '/1249' } },
  },
};

/** What became of the requests of one phase. */
class Tally {
  /** Answered whole within the deadline. */
  good = 0;
  /** Milliseconds each of these took. */
  readonly goodMs: number[] = [];
  /** Those a second. */
  rate = 0;
  /** Neither that nor refused. */
  readonly other = new Map<string, number>();
  /** Milliseconds each refusal took, its connecting included. */
  readonly refusals: Record<'kept' | 'fresh', number[]> = { kept: [], fresh: [] };

  add(kind: 'kept' | 'fresh', outcome: string, ms: number): void {
    if (outcome === 'good' && ms <= DEADLINE_MS) {
      this.good += 1;
      this.goodMs.push(ms);
    } else if (outcome === '503') this.refusals[kind].push(ms);
    else this.other.set(outcome, (this.other.get(outcome) ?? 0) + 1);
  }
}

/** Runs one case; true if it comes to what is wanted. */
async function measure(
  name: string,
  { maxInFlight, clients, query }: (typeof CASES)[keyof typeof CASES],
): Promise<boolean> {
  const store = await start('./overload-store.ts');
  const service = await start('./overload-service.ts', [`http://127.0.0.1:${store.port}/`, String(maxInFlight)], {
    execArgv: V8_FLAGS,
  });
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 10_000 });
  const body = JSON.stringify({ timeoutMs: DEADLINE_MS, queries: [query] });

  const send = async (tally: Tally, kind: 'kept' | 'fresh'): Promise<void> => {
    const began = performance.now();
    let outcome: string;
    try {
      const headers = { 'content-type': 'application/json', ...(kind === 'fresh' && { connection: 'close' }) };
      const options = { port: service.port, method: 'POST', path: '/ordered', headers };
      const sent = request({ ...options, agent: kind === 'kept' && agent });
      sent.end(body);
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      const whole = answer.headers['codap-complete'] === 'true';
      outcome = answer.statusCode === 200 ? (whole ? 'good' : 'late') : String(answer.statusCode);
    } catch (error) {
      outcome = (error as NodeJS.ErrnoException).code ?? 'broken';
    }
    tally.add(kind, outcome, performance.now() - began);
  };
  /** A few clients, each of which waits for its answer before it asks again: what the service carries. */
  const saturate = async (): Promise<Tally> => {
    const tally = new Tally();
    const began = performance.now();
    const end = began + SECONDS * 1000;
    const client = async (): Promise<void> => {
      while (performance.now() < end) await send(tally, 'kept');
    };
    await Promise.all(Array.from({ length: clients }, client));
    tally.rate = (1000 * tally.good) / (performance.now() - began);
    return tally;
  };
  /**
   * Sends so many requests a second, whether or not the earlier ones have been answered. Resolves to how many
   * a second were answered in time.
   */
  const offer = async (rate: number, tally: Tally): Promise<number> => {
    const good = tally.good;
    const began = performance.now();
    const pending: Promise<void>[] = [];
    while (performance.now() - began < SECONDS * 1000) {
      const due = ((performance.now() - began) / 1000) * rate;
      while (pending.length < due) pending.push(send(tally, pending.length % 4 === 0 ? 'fresh' : 'kept'));
      await pause(5);
    }
    await Promise.all(pending);
    return (1000 * (tally.good - good)) / (performance.now() - began);
  };

  await saturate();
  const over = new Tally();
  const rates = { carried: 0, over: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const carried = (await saturate()).rate;
    rates.carried += carried / ROUNDS;
    rates.over += (await offer(3 * carried, over)) / ROUNDS;
  }
  agent.destroy();
  service.child.disconnect();
  store.child.disconnect();

  const kept = rates.over / rates.carried;
  console.log(`${name}: it carries ${Math.round(rates.carried)} a second`);
  console.log(`  answered in time at three times the load: ${kept.toFixed(2)} of that (at least ${WANTED.kept})`);
  const answered = quantile(over.goodMs);
  const [half, most] = [0.5, 0.99].map((part) => (answered(part) / WANTED.answerMs).toFixed(2));
  console.log(`  these took: p50 ${half}, p99 ${most} of the ${WANTED.answerMs} ms allowed`);
  let slowest = 0;
  for (const kind of ['kept', 'fresh'] as const) {
    const times = over.refusals[kind];
    const at = quantile(times);
    const [p50, p99, max] = [0.5, 0.99, 1].map((part) => (at(part) / WANTED.refusalMs).toFixed(2));
    console.log(
      `  ${times.length} refusals on ${kind} connections: p50 ${p50}, p99 ${p99}, slowest ${max} of the ${WANTED.refusalMs} ms allowed`,
    );
    slowest = Math.max(slowest, at(1));
  }
  if (over.other.size > 0) console.log('  neither:', Object.fromEntries(over.other));
  return kept >= WANTED.kept && slowest <= WANTED.refusalMs && answered(0.99) <= WANTED.answerMs;
}

/** Gives the time that a part of these does not exceed. */
function quantile(times: readonly number[]): (part: number) => number {
  const sorted = times.toSorted((a, b) => a - b);
  return (part) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
}

const only = process.argv[2];
for (const [name, load] of Object.entries(CASES))
  if (only && name !== only) continue;
  else if (!(await measure(name, load))) process.exitCode = 1;
