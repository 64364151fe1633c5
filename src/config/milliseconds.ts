import { wholeNumber } from '../store/whole-number.ts';

/** The longest wait a timer can hold, in milliseconds. */
export const LONGEST_MS = 2 ** 31 - 1;

/** A duration in whole milliseconds. */
export const milliseconds = wholeNumber.min(1).max(LONGEST_MS);
