import { afterEach, expect, it, vi } from 'vitest';
import { atInstant, LONGEST_MS } from '../../src/ground/at-instant.ts';

afterEach(() => void vi.restoreAllMocks());

it.each([
  ['at a whole millisecond', 5, 5],
  ['within a millisecond', 5.2, 6],
  ['in a moment', 0.1, 1],
  ['now', 0, 0],
  ['in the past', -5.5, 0],
  ['further away than a timer can hold', 1e12, LONGEST_MS],
  ['never', Infinity, LONGEST_MS],
])('calls back not before an instant: %s', (_when, ms, timer) => {
  const set = vi.spyOn(globalThis, 'setTimeout');
  clearTimeout(atInstant(1000 + ms, () => {}, 1000));
  expect(set).toHaveBeenCalledWith(expect.any(Function), timer);
});
