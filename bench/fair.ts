import { processMemory } from '../src/budget/memory.ts';
import { Work } from '../src/budget/work.ts';
import { stack } from '../src/sources/layer.ts';
import { limit } from '../src/sources/layers/limit.ts';
import { timeout } from '../src/sources/layers/timeout.ts';
import type { Fetch } from '../src/store/fetch.ts';
import { TypedValue } from '../src/store/typed-value.ts';

/**
 * What a greedy caller costs others: nine modest ones ask a source now and then, alone, beside one who always
 * has more waiting than the queue takes, and beside the same where callers are not told apart.
 */
const MODEST = 9;
const CONCURRENCY = 10;
const QUEUE = 1000;
const STORE_MS = 5;
const PAUSE_MS = 20;
const TIMEOUT_MS = 2000;
const RUN_MS = 5000;
const WANTED_GOODPUT = 0.9;
/** Until a place is free, and until each other caller has had one. */
const MOST_LONGER_MS = 2 * STORE_MS;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Figures {
  /** The part of the modest ones' calls that was answered. */
  readonly answered: number;
  /** How long they took, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers to the greedy one. */
  readonly greedy: number;
}

/** Runs them for a while: with a greedy one or without, told apart or not. */
async function run({ greedy, named }: { greedy: boolean; named: boolean }): Promise<Figures> {
  const layers = [timeout('store'), limit({ name: 'store', concurrency: CONCURRENCY, queue: QUEUE })];
  const store: Fetch = () => wait(STORE_MS).then(() => new TypedValue(null));
  const fetch = stack(store, layers);
  const memory = processMemory(Infinity);
  const ask = (name: string): Promise<unknown> => {
    const caller = { headers: {}, ...(named && { name }) };
    const { signal } = new AbortController();
    const deadline = performance.now() + TIMEOUT_MS;
    return fetch(
      { op: 'get', params: {}, want: 'value' },
      { signal, deadline, caller, memory, work: new Work(Infinity) },
    );
  };
  const end = performance.now() + RUN_MS;
  const took: number[] = [];
  let greedily = 0;
  const open: Promise<void>[] = [];
  const asModest = async (name: string): Promise<void> => {
    while (performance.now() < end) {
      await wait(PAUSE_MS * (0.5 + Math.random()));
      const began = performance.now();
      open.push(
        ask(name).then(
          () => void took.push(performance.now() - began),
          () => {},
        ),
      );
    }
  };
  const asGreedy = async (): Promise<void> => {
    while (performance.now() < end) {
      await ask('greedy').then(
        () => (greedily += 1),
        () => wait(STORE_MS),
      );
    }
  };
  await Promise.all([
    ...Array.from({ length: MODEST }, (_, at) => asModest(`modest${at}`)),
    ...Array.from({ length: greedy ? QUEUE + 2 * CONCURRENCY : 0 }, asGreedy),
  ]);
  await Promise.all(open);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Infinity;
  return { answered: took.length / open.length, p50: at(0.5), p99: at(0.99), greedy: greedily };
}

const told = (what: string, { answered, p50, p99, greedy }: Figures): void =>
  console.log(
    `${what}: ${(100 * answered).toFixed(1)} % of the modest ones' calls answered, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ${greedy} of the greedy one's`,
  );

const alone = await run({ greedy: false, named: true });
const beside = await run({ greedy: true, named: true });
const unnamed = await run({ greedy: true, named: false });
told('alone', alone);
told('beside a greedy one', beside);
told('the same where callers have no names', unnamed);
const goodput = beside.answered / alone.answered;
const longerMs = beside.p99 - alone.p99;
console.log(
  `goodput ${goodput.toFixed(2)} (at least ${WANTED_GOODPUT}), p99 ${longerMs.toFixed(1)} ms longer (at most ${MOST_LONGER_MS})`,
);
if (goodput < WANTED_GOODPUT || longerMs > MOST_LONGER_MS) process.exitCode = 1;
