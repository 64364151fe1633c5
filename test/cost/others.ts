import { get, kv } from './making.ts';
import type { Tried } from './tried.ts';

/** How often others ask, in milliseconds. */
const EVERY_MS = 25;
const SMALL = kv('small', { q: get('/zeros/1', { source: 'others' }) });

/** How others fared beside something. */
export interface Others {
  /** How long each of their batches took, in milliseconds, the shortest first. */
  readonly times: readonly number[];
  /** How many were refused, or answered otherwise than they should have been. */
  readonly refused: number;
  readonly wrong: readonly string[];
}

/**
 * Sends small batches, one after the other at its time whatever became of those before, until some work is
 * done.
 */
export async function beside(tried: Tried, work: () => Promise<unknown>): Promise<Others> {
  const times: number[] = [];
  const wrong: string[] = [];
  let refused = 0;
  const asked: Promise<void>[] = [];
  const one = async (): Promise<void> => {
    const { status, answer, ms } = await tried.ask(SMALL, false);
    if (status === 503) refused += 1;
    else if (status !== 200 || !answer.includes('"status":"ok"')) wrong.push(`${status} ${answer}`);
    times.push(ms);
  };
  const timer = setInterval(() => void asked.push(one()), EVERY_MS);
  asked.push(one());
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  await Promise.all(asked);
  return { times: times.toSorted((one, other) => one - other), refused, wrong };
}

/** The time that 99 of 100 do not exceed. */
export function p99(times: readonly number[]): number {
  return times[Math.ceil(times.length * 0.99) - 1] ?? 0;
}
