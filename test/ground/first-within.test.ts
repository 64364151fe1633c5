import { expect, it } from 'vitest';
import { firstWithin } from '../../src/ground/first-within.ts';

it.each<[most: number, first: readonly number[]]>([
  [0, []],
  [1, []],
  [2, [2]],
  [4, [2]],
  [5, [2, 3]],
  // What comes after one that does not fit does not count, however small.
  [8, [2, 3]],
  [9, [2, 3, 4]],
  [10, [2, 3, 4, 1]],
  [Infinity, [2, 3, 4, 1]],
])('of 2, 3, 4 and 1 bytes there are at most %d in the first', (most, first) => {
  expect(firstWithin([2, 3, 4, 1], most, (bytes) => bytes)).toEqual(first);
});
