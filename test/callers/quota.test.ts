import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Quota } from '../../src/callers/quota.ts';

describe('a quota', () => {
  it('that says nothing lets everything in', () => {
    const quota = new Quota();
    expect(Array.from({ length: 1000 }, () => quota.take(0))).toEqual(Array(1000).fill(0));
    expect(Array.from({ length: 1000 }, () => quota.begin()).includes(undefined)).toBe(false);
  });

  it('lets a burst in, then so many a second, and tells how long it takes until then', () => {
    const quota = new Quota({ rate: { perSecond: 10, burst: 3 } });
    expect([0, 0, 0, 0, 0].map((now) => quota.take(1000 + now))).toEqual([0, 0, 0, 100, 100]);
    expect([50, 100, 100, 250].map((now) => quota.take(1000 + now))).toEqual([50, 0, 100, 0]);
  });

  it('never lets in more than its burst and what has come since', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100 });
    fc.assert(
      fc.property(
        waits,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        (pauses, burst, perSecond) => {
          const quota = new Quota({ rate: { perSecond, burst } });
          let now = 5000;
          let taken = 0;
          for (const pause of pauses) {
            now += pause;
            if (quota.take(now) === 0) taken += 1;
            expect(taken).toBeLessThanOrEqual(burst + ((now - 5000) * perSecond) / 1000 + 1e-6);
          }
        },
      ),
    );
  });

  it('lets so many batches run at a time, each of which ends once', () => {
    const quota = new Quota({ maxInFlight: 2 });
    const [one, two, three] = [quota.begin(), quota.begin(), quota.begin()];
    expect(three).toBeUndefined();
    one!();
    one!();
    expect([quota.begin() === undefined, quota.begin() === undefined]).toEqual([false, true]);
    two!();
    expect(quota.begin()).toBeDefined();
  });
});
