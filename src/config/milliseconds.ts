import { z } from 'zod';

/** The longest wait a timer can hold, in milliseconds. */
export const LONGEST_MS = 2 ** 31 - 1;

/** A duration in whole milliseconds. */
export const milliseconds = z.int().min(1).max(LONGEST_MS);
