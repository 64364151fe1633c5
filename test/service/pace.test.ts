import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadedAnew } from '../loaded-anew.ts';

const { isLoopHeld, Turns, Pace } = await loadedAnew(async () => ({
  ...(await import('../../src/budget/turns.ts')),
  ...(await import('../../src/service/pace.ts')),
}));
type Pace = InstanceType<typeof Pace>;

let now = 0;
let pace: Pace;
const loop = { idle: 0, active: 0, utilization: 0 };

beforeEach(() => {
  loop.idle = 0;
  loop.active = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  pace = new Pace(() => ({ ...loop }));
  pace.start();
});
afterEach(() => {
  pace.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** So many milliseconds pass, in which the loop is busy but for some; then a sample is taken. */
async function sample(busyMs: number, idleMs = 0): Promise<void> {
  now += busyMs + idleMs;
  loop.active += busyMs;
  loop.idle += idleMs;
  vi.advanceTimersByTime(20);
  // It may wait its turn behind others.
  await turn();
  await turn();
}

/** The loop is busy for a second, and serves so many batches in it. */
async function serve(batches: number): Promise<void> {
  for (let samples = 0; samples < 50; samples += 1) {
    for (let ended = 0; ended < batches / 50; ended += 1) pace.end();
    await sample(20);
  }
}

/** The most batches beside which one more is let in. */
function room(): number {
  let most = 0;
  while (most < 1000 && pace.allows(most)) most += 1;
  return most;
}

describe('a pace', () => {
  it('lets all in while the loop has some rest', async () => {
    await serve(500);
    await sample(19, 1);
    expect(room()).toBe(1000);
    now += 99;
    expect(room()).toBe(1000);
  });

  it('lets as many in as can be served soon, where the loop has none', async () => {
    await serve(500);
    // Each costs 2 ms.
    expect(room()).toBeCloseTo(60, -1);
    await serve(2000);
    await serve(2000);
    expect(room()).toBeGreaterThan(200);
    await serve(50);
    await serve(50);
    expect(room()).toBeLessThan(12);
  });

  it('lets all in after one pause, however long', async () => {
    await serve(500);
    for (let samples = 0; samples < 50; samples += 1) await sample(1, 19);
    await sample(5000);
    expect(room()).toBe(1000);
  });

  it('lets all in where too few have ended to tell what one costs', async () => {
    for (let ended = 0; ended < 3; ended += 1) pace.end();
    await sample(1000);
    expect(room()).toBe(1000);
  });

  it('lets nothing in once the loop lags twice in a row, and in the rest of a second turn that lags', async () => {
    await sample(121, 1);
    expect(room()).toBe(1000);
    now += 119;
    expect(room()).toBe(1000);
    now += 2;
    expect(room()).toBe(0);
    await sample(0, 1);
    expect(room()).toBe(0);
    await sample(119, 1);
    expect(room()).toBe(1000);
  });

  it('lets nothing in where it would wait for long behind others, once the loop has had no rest', async () => {
    const wait = vi.spyOn(Turns, 'expectedWaitMs').mockReturnValue(100);
    expect(pace.allows(1)).toBe(true);
    await sample(200);
    expect(pace.allows(1)).toBe(false);
    wait.mockReturnValue(99);
    expect(pace.allows(1)).toBe(true);
  });

  it('counts nothing that others are served before, as long as few wait', async () => {
    vi.spyOn(Turns, 'oldMs', 'get').mockImplementation(() => loop.active * 0.95);
    pace.stop();
    pace = new Pace(() => ({ ...loop }));
    pace.start();
    await serve(500);
    expect(room()).toBe(1000);
    vi.spyOn(Turns, 'areFew', 'get').mockReturnValue(false);
    expect(room()).toBeCloseTo(60, -1);
  });

  it('tells the longest lag of the last seconds, the wait behind the work of others counted', async () => {
    isLoopHeld();
    now += 20;
    vi.advanceTimersByTime(20);
    now += 120;
    await turn();
    await turn();
    expect(pace.longestLagMs).toBe(120);
    now += 20_000;
    expect(pace.longestLagMs).toBe(0);
  });

  it('counts nothing of what was before it started', async () => {
    const old = vi.spyOn(Turns, 'oldMs', 'get').mockReturnValue(0);
    pace.stop();
    pace = new Pace(() => ({ ...loop }));
    now += 5000;
    loop.active += 5000;
    old.mockReturnValue(5000);
    pace.start();
    expect(room()).toBe(1000);
    for (let ended = 0; ended < 10; ended += 1) pace.end();
    await sample(20);
    now += 100;
    // Each has cost 2 ms, whether they were behind others or not.
    expect(room()).toBeCloseTo(60, -1);
    vi.spyOn(Turns, 'areFew', 'get').mockReturnValue(false);
    expect(room()).toBeCloseTo(60, -1);
  });

  it('looks no more once it was stopped', async () => {
    pace.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
