import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Recent, RECENT_MS } from '../../src/sources/recent.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it.each([0, 1, 499])('counts what happened in the last ten seconds, and forgets what is older: %i', (offset) => {
  vi.advanceTimersByTime(offset);
  const recent = new Recent();
  recent.add();
  vi.advanceTimersByTime(RECENT_MS - 1000);
  recent.add(3);
  vi.advanceTimersByTime(1000);
  expect(recent.sum).toBe(4);
  vi.advanceTimersByTime(501);
  expect(recent.sum).toBe(3);
  vi.advanceTimersByTime(10 * RECENT_MS);
  expect(recent.sum).toBe(0);
  recent.add();
  expect(recent.sum).toBe(1);
});

it.each([0, 400, 5000, RECENT_MS - 1, 2 * RECENT_MS])('takes back what has not happened, %i ms later', (later) => {
  const recent = new Recent();
  const slot = recent.add();
  vi.advanceTimersByTime(later);
  recent.add(2);
  recent.takeBack(slot);
  expect(recent.sum).toBe(2);
  // Where the first would be forgotten.
  vi.advanceTimersByTime(Math.max(0, RECENT_MS + 501 - later));
  expect(recent.sum).toBe(later < 500 ? 0 : 2);
  vi.advanceTimersByTime(RECENT_MS + 501);
  expect(recent.sum).toBe(0);
});

it('forgets all of it when told', () => {
  const recent = new Recent();
  recent.add(5);
  recent.clear();
  expect(recent.sum).toBe(0);
  recent.add();
  expect(recent.sum).toBe(1);
});
