import { LONGEST_MS } from '../ground/at-instant.ts';
import { wholeNumber } from '../store/whole-number.ts';

/** A duration in whole milliseconds. */
export const milliseconds = wholeNumber.min(1).max(LONGEST_MS);
