import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from '../src/pace.ts';

let now = 0;
let pace: Pace;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  pace = new Pace(100);
});
afterEach(() => {
  pace.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A sample is taken, so many milliseconds later than it should be. */
function sample(lagMs: number): void {
  now += 20 + lagMs;
  vi.advanceTimersByTime(20);
}

/** How many of so many places are given in this turn. */
function taken(asked: number): number {
  let given = 0;
  for (; given < asked && pace.allows(); given += 1) pace.take();
  return given;
}

describe('a pace', () => {
  it('gives whatever is asked for while the loop does not lag', () => {
    for (const lag of [0, 20, 90, 99, 60]) {
      sample(lag);
      expect(taken(1000)).toBe(1000);
    }
  });

  it('gives on after one pause, however long', () => {
    sample(5000);
    expect(taken(1000)).toBe(1000);
    sample(0);
    sample(5000);
    expect(taken(1000)).toBe(1000);
  });

  it('gives nothing once the loop lags twice in a row', () => {
    sample(101);
    sample(101);
    expect(taken(10)).toBe(0);
    sample(300);
    expect(taken(10)).toBe(0);
  });

  it('gives nothing in the rest of a second turn that lags', () => {
    sample(101);
    expect(taken(10)).toBe(10);
    now += 121;
    expect(taken(10)).toBe(0);
  });

  it('gives a few when the loop lags no more, more after each calm turn, and in the end all', () => {
    sample(200);
    sample(200);
    const given = Array.from({ length: 40 }, () => {
      sample(0);
      return taken(1000);
    });
    expect(given.slice(0, 5)).toEqual([1, 2, 3, 5, 7]);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    expect(given.at(-1)).toBe(1000);
  });

  it('gives half as many after a late turn, as many after one in between, and never none', () => {
    sample(200);
    sample(200);
    for (let calm = 0; calm < 6; calm += 1) sample(0);
    expect(taken(100)).toBe(10);
    sample(20);
    expect(taken(100)).toBe(10);
    sample(40);
    expect(taken(100)).toBe(5);
    for (let late = 0; late < 9; late += 1) sample(40);
    expect(taken(100)).toBe(1);
  });

  it('looks no more once it was stopped', () => {
    pace.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
