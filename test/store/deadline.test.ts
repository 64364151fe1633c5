import { expect, it } from 'vitest';
import { GrowingDeadline, instantOf, latestOf } from '../../src/store/deadline.ts';

it('a deadline that is an instant stays it', () => {
  expect([instantOf(100), latestOf(100)]).toEqual([100, 100]);
});

it('one that grows is the latest of those who wait, up to the latest that it may be', () => {
  const deadline = new GrowingDeadline(100, 300);
  const seen = [200, 150, 400].map((instant) => {
    deadline.extend(instant);
    return instantOf(deadline);
  });
  expect(seen).toEqual([200, 200, 300]);
  expect(latestOf(deadline)).toBe(300);
  expect(instantOf(new GrowingDeadline(400, 300))).toBe(300);
});
