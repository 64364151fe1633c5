import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Steps } from '../../src/budget/work.ts';
import { loadedAnew } from '../loaded-anew.ts';

const { isLoopHeld, Turns, atOnce, endingBy, Work } = await loadedAnew(async () => ({
  ...(await import('../../src/budget/turns.ts')),
  ...(await import('../../src/budget/work.ts')),
}));
type Work = InstanceType<typeof Work>;

let now = 0;

/** The clock stands still but for what a test lets pass. */
function stopClock(): void {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
}

afterEach(() => vi.restoreAllMocks());

/** Work of so many pieces, each of which takes so long. */
function* pieces(work: Work, count: number, ms: number): Steps<string> {
  for (let at = 0; at < count; at++) {
    now += ms;
    if (work.tick()) yield;
  }
  return 'done';
}

describe('work', () => {
  it('is done at once where it is small', () => {
    expect(new Work(100).do(pieces(new Work(100), 100, 0))).toBe('done');
  });

  it('is TOO_LARGE beyond its bound, over all that one batch does', () => {
    const work = new Work(100);
    work.tick(60);
    expect(() => work.tick(41)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('is a TIMEOUT after the deadline, which is looked at while it goes on', async () => {
    stopClock();
    const work = new Work(1_000_000).endsBy(50);
    await expect((async () => work.do(pieces(work, 1_000_000, 0.01)))()).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(now).toBeLessThan(50 + 2048 * 0.01 + 1);
  });

  it('is hardly begun after the deadline, however many still try', () => {
    stopClock();
    const work = new Work(100_000_000).endsBy(50);
    now = 50;
    for (let tried = 0; tried < 1000; tried += 1)
      expect(() => atOnce(pieces(work, 10_000, 0.01))).toThrow(expect.objectContaining({ code: 'TIMEOUT' }));
    expect(now).toBeLessThan(50 + (2048 + 1000 * 64) * 0.01 + 1);
  });

  it('lets others have their turn after some milliseconds', async () => {
    stopClock();
    await turn();
    const work = new Work(1_000_000);
    let turns = 0;
    const over = new AbortController();
    const others = (async () => {
      while (!over.signal.aborted) {
        await turn();
        turns += 1;
      }
    })();
    await work.do(pieces(work, 100_000, 0.001));
    over.abort();
    await others;
    // A tenth of a second, at five milliseconds and what passes between two looks at the clock.
    expect(turns).toBeGreaterThan(12);
  });
});

describe('steps that end by an instant', () => {
  it('are TIMEOUT where they would go on after it, and what they come to where they are done', () => {
    stopClock();
    function* three(): Steps<string> {
      for (let step = 0; step < 3; step += 1) {
        now += 10;
        yield;
      }
      return 'done';
    }
    expect(atOnce(endingBy(three(), now + 31))).toBe('done');
    expect(() => atOnce(endingBy(three(), now + 20))).toThrow('no answer within the time allowed');
  });
});

describe('lines', () => {
  /** A line of so many pieces of work of so many milliseconds; what is done is noted by its name. */
  const line = (name: string, count: number, ms: number, order: string[], turns = new Turns()) =>
    Array.from({ length: count }, async (_, at) => {
      await turns.next();
      now += ms;
      order.push(`${name} ${at}`);
    });

  it('let in the first who came, and the line that has had the least time, however long it is', async () => {
    stopClock();
    await turn();
    isLoopHeld();
    now += 100;
    const order: string[] = [];
    await Promise.all([...line('long', 50, 5, order), ...line('short', 2, 5, order)]);
    expect(order.indexOf('short 0')).toBeLessThan(3);
    expect(order.indexOf('short 1')).toBeLessThan(5);
    expect(order.filter((one) => one.startsWith('long'))).toEqual(Array.from({ length: 50 }, (_, at) => `long ${at}`));
  });

  it('count time, not turns: very many that are short do not wait for as many that are long', async () => {
    stopClock();
    await turn();
    isLoopHeld();
    now += 100;
    const order: string[] = [];
    await Promise.all([...line('long', 50, 5, order), ...line('tiny', 50, 0.01, order)]);
    expect(order.indexOf('tiny 49')).toBeLessThan(60);
  });

  it('let one that has had much wait for little of each that begins, however many turns it has had', async () => {
    stopClock();
    await turn();
    isLoopHeld();
    now += 100;
    const order: string[] = [];
    const old = new Turns();
    await Promise.all(line('old', 500, 5, order, old));
    order.length = 0;
    await Promise.all([...line('new', 200, 5, order), ...line('old', 1, 5, order, old)]);
    expect(order.indexOf('old 0')).toBeLessThan(10);
  });

  it('let nobody in while the loop is held: one does its work, then the next', async () => {
    stopClock();
    await turn();
    isLoopHeld();
    now += 100;
    let most = 0;
    let inThisTurn = 0;
    const each = async (): Promise<void> => {
      await new Turns().next();
      inThisTurn += 1;
      most = Math.max(most, inThisTurn);
      now += 5;
      setImmediate(() => (inThisTurn = 0));
    };
    await Promise.all(Array.from({ length: 20 }, each));
    expect(most).toBe(1);
  });
});
