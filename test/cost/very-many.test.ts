import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/batch/run/answer.ts';
import { interleave } from '../../src/batch/run/interleave.ts';
import { isComplete } from '../../src/batch/run/reply.ts';
import type { Running } from '../../src/batch/run/run.ts';
import { Work } from '../../src/budget/work.ts';
import { answerText } from '../../src/encodings/reply-text.ts';
import { CodapError } from '../../src/errors.ts';
import { processorMs } from '../processor-time.ts';
import { q, simulate, start } from '../batch/simulated.ts';

/** The most that a configuration allows, and fewer items, enough to see what holds the event loop. */
const QUERIES = 10_000;
const ITEMS_AT_MOST = 100_000;
const ITEMS = 40_000;
/** More than the 50 ms that are promised: here all is compiled meanwhile. */
const HELD_MS = 120;

/** The longest that it held the event loop, in milliseconds of processor time, once it had begun. */
async function held<T>(begin: () => T, goOn: (begun: T) => Promise<unknown>): Promise<number> {
  const over = new AbortController();
  let longest = 0;
  const going = goOn(begin()).finally(() => over.abort());
  for (let before = processorMs(); !over.signal.aborted;) {
    await nextTurn();
    const now = processorMs();
    longest = Math.max(longest, now - before);
    before = now;
  }
  await going;
  return longest;
}

const groups = Array.from({ length: QUERIES }, () => ({ pattern: 'kv', queries: {} }));
const items = Array.from({ length: ITEMS }, () => 1);
const failing = simulate();
const refused = new CodapError('CIRCUIT_OPEN', 'told to fail');
const failsAtOnce = { ...failing, source: { ...failing.source, call: () => Promise.reject(refused) } };

const whole = ({ root }: Running) => root.reply;
const json = async ({ root, batch }: Running) => {
  const { list } = await root.reply;
  await batch.work.do(answerText(list!, isComplete(list!), 'replies'));
};
const frames = async (running: Running) => {
  let told = 0;
  for await (const { kind } of new Answer(running).replies({ inOrder: ['ordered'] })) told += Number(kind === 'reply');
  expect(told).toBeGreaterThanOrEqual(QUERIES);
};

describe('very many hold nobody up', () => {
  it.each<[string, 'kv' | 'ordered' | 'first-reply', object, (running: Running) => Promise<unknown>]>([
    ['groups as JSON', 'ordered', { queries: groups }, json],
    ['groups as frames', 'first-reply', { queries: groups }, frames],
    ['items that are skipped', 'ordered', { queries: [q({}, { forEach: items, when: false })] }, whole],
    ['items that are skipped, as frames', 'kv', { queries: { a: q({}, { forEach: items, when: false }) } }, frames],
    ['items that fail at once', 'ordered', { queries: [q({}, { forEach: items })] }, whole],
    ['items that fail at once, as JSON', 'ordered', { queries: [q({}, { forEach: items })] }, json],
  ])('%s', { timeout: 60_000 }, async (_what, pattern, body, answer) => {
    const limits = { queries: QUERIES, calls: ITEMS };
    // What planning takes is not looked at.
    const begin = () => start(pattern, body, { simulation: failsAtOnce, timeoutMs: 60_000, limits });
    expect(await held(begin, answer)).toBeLessThan(HELD_MS);
  });
});

describe('interleaved generators', () => {
  const work = () => new Work(Infinity);
  async function* telling(name: string, turns: readonly number[], left: string[]): AsyncGenerator<string> {
    try {
      for (const [at, count] of turns.entries()) {
        for (let turn = 0; turn < count; turn += 1) await nextTurn();
        yield `${name}${at}`;
      }
    } finally {
      left.push(name);
    }
  }

  const read = async (all: AsyncIterable<string>): Promise<string[]> => {
    const told: string[] = [];
    for await (const one of all) told.push(one);
    return told;
  };

  it('are told as each comes, and each ends', async () => {
    const left: string[] = [];
    const sources = { a: [20, 20], b: [1, 1, 100], c: [] };
    const all = interleave(Object.entries(sources), ([name, turns]) => telling(name, turns, left), work());
    expect(await read(all)).toEqual(['b0', 'b1', 'a0', 'a1', 'b2']);
    expect(left).toEqual(['c', 'a', 'b']);
  });

  it('are ended where nobody goes on, and none is begun any more', async () => {
    const begun: string[] = [];
    const left: string[] = [];
    const begin = (name: string) => {
      begun.push(name);
      return telling(name, [0, 0], left);
    };
    const all = interleave(['a', 'b'], begin, work());
    await all.next();
    await all.return(undefined);
    await nextTurn();
    expect(left.toSorted()).toEqual(begun);
  });

  it('hold nobody up, however many they are', { timeout: 60_000 }, async () => {
    const sources = Array.from({ length: ITEMS_AT_MOST }, (_, at) => `${at}`);
    const all = () => interleave(sources, (name) => telling(name, [0], []), work());
    expect(await held(all, read)).toBeLessThan(HELD_MS);
  });

  it('fail as the first of them does', async () => {
    const broken = async function* (): AsyncGenerator<string> {
      yield 'told';
      throw refused;
    };
    const all = interleave([1], broken, work());
    await expect(read(all)).rejects.toBe(refused);
  });
});
