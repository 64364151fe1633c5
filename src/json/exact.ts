import { valueOfDigits } from './digits.ts';

/** Up to ±2^53 a double holds every integer; beyond it, one may be taken for another. */
const MOST = 2 ** 53;
const MOST_TEXT = String(MOST);
const TENS = Math.floor(MOST / 10);
const ONES = MOST % 10;

/** True for an integer within ±2^53. */
export function isExact(integer: number | bigint): boolean {
  return -MOST <= integer && integer <= MOST;
}

/** True for the digits of an integer within ±2^53. */
export function isExactInteger(digits: string): boolean {
  return Math.abs(Number(digits)) < MOST || digits === MOST_TEXT || digits === `-${MOST_TEXT}`;
}

/** Whether the ASCII digits from `start` up to `end` are more than 2^53. */
export function isBeyondExact(bytes: Uint8Array, start: number, end: number): boolean {
  // The last digit is looked at apart: a double does not hold 2^53 + 1.
  const tens = valueOfDigits(bytes, start, end - 1);
  return tens > TENS || (tens === TENS && valueOfDigits(bytes, end - 1, end) > ONES);
}

/** Whether a double is the number that it was made of: one that is 2^53 may have been 2^53 + 1. */
export function isUnrounded(double: number): boolean {
  return -MOST < double && double < MOST;
}
