import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadedAnew } from '../loaded-anew.ts';

const { isLoopHeld, Turns } = await loadedAnew(() => import('../../src/budget/turns.ts'));

let now = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A line in which work of so many milliseconds is done whenever it is let in, for so many times. */
async function work(ms: number, times: number): Promise<void> {
  const line = new Turns();
  for (let time = 0; time < times; time += 1) {
    await line.next();
    now += ms;
  }
}

/** From now on work waits for its turn. */
function hold(): void {
  isLoopHeld();
  now += 5;
}

describe('lines of work', () => {
  it('tell how long one more would wait behind those that are young, by what lines have needed', async () => {
    hold();
    await Promise.all(Array.from({ length: 200 }, () => work(4, 1)));
    hold();
    const waiting = Array.from({ length: 50 }, () => work(4, 1));
    expect(Turns.expectedWaitMs()).toBeCloseTo(50 * 4, -1);
    await Promise.all(waiting);
    expect(Turns.expectedWaitMs()).toBe(0);
  });

  it('keep nobody waiting where they are few, whatever they need', async () => {
    hold();
    const waiting = Array.from({ length: 16 }, () => work(100, 3));
    expect(Turns.areFew).toBe(true);
    expect(Turns.expectedWaitMs()).toBe(0);
    const one = work(1, 1);
    expect(Turns.areFew).toBe(false);
    await Promise.all([...waiting, one]);
  });

  it('count as old what a line has had after its first milliseconds', async () => {
    await turn();
    const before = Turns.oldMs;
    hold();
    await Promise.all([work(10, 1), work(10, 4), work(100, 1)]);
    // The last one is counted when the next is let in.
    hold();
    await work(0, 1);
    await turn();
    expect(Turns.oldMs - before).toBe(25 + 85);
  });
});
