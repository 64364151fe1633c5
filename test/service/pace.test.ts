import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isHeld } from '../../src/budget/turns.ts';
import { Pace } from '../../src/service/pace.ts';

let now = 0;
let pace: Pace;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  pace = new Pace(100);
});
afterEach(() => {
  pace.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A sample is taken, so many milliseconds later than it should be. */
async function sample(lagMs: number): Promise<void> {
  now += 20 + lagMs;
  vi.advanceTimersByTime(20);
  // It waits its turn behind the one before, in which no time has passed.
  await turn();
  await turn();
}

/** How many of so many places are given in this turn. */
function taken(asked: number): number {
  let given = 0;
  for (; given < asked && pace.allows(); given += 1) pace.take();
  return given;
}

describe('a pace', () => {
  it('gives whatever is asked for while the loop does not lag', async () => {
    for (const lag of [0, 20, 90, 99, 60]) {
      await sample(lag);
      expect(taken(1000)).toBe(1000);
    }
  });

  it('gives on after one pause, however long', async () => {
    await sample(5000);
    expect(taken(1000)).toBe(1000);
    await sample(0);
    await sample(5000);
    expect(taken(1000)).toBe(1000);
  });

  it('gives nothing once the loop lags twice in a row', async () => {
    await sample(101);
    await sample(101);
    expect(taken(10)).toBe(0);
    await sample(300);
    expect(taken(10)).toBe(0);
  });

  it('gives nothing in the rest of a second turn that lags', async () => {
    await sample(101);
    expect(taken(10)).toBe(10);
    now += 121;
    expect(taken(10)).toBe(0);
  });

  it('gives a few when the loop lags no more, more after each calm turn, and in the end all', async () => {
    await sample(200);
    await sample(200);
    const given: number[] = [];
    while (given.length < 40) {
      await sample(0);
      given.push(taken(1000));
    }
    expect(given.slice(0, 5)).toEqual([1, 2, 3, 5, 7]);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    expect(given.at(-1)).toBe(1000);
  });

  it('gives half as many after a late turn, as many after one in between, and never none', async () => {
    await sample(200);
    await sample(200);
    for (let calm = 0; calm < 6; calm += 1) await sample(0);
    expect(taken(100)).toBe(10);
    await sample(40);
    expect(taken(100)).toBe(10);
    await sample(60);
    expect(taken(100)).toBe(5);
    for (let late = 0; late < 9; late += 1) await sample(60);
    expect(taken(100)).toBe(1);
  });

  it('gives nothing while one sample waits for turn after turn, and after that', async () => {
    let turns = 0;
    const hold = (): void => {
      isHeld();
      now += 40;
      turns += 1;
      if (turns < 4) setImmediate(hold);
    };
    hold();
    vi.advanceTimersByTime(20);
    for (let passed = 0; passed < 4; passed += 1) await turn();
    expect(taken(10)).toBe(0);
    await turn();
    await turn();
    expect(taken(10)).toBe(0);
  });

  it('counts the time in which a sample waits its turn behind the work of others', async () => {
    for (let samples = 0; samples < 2; samples += 1) {
      isHeld();
      now += 20;
      vi.advanceTimersByTime(20);
      now += 120;
      await turn();
      await turn();
    }
    expect(taken(10)).toBe(0);
  });

  it('looks no more once it was stopped', async () => {
    pace.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
