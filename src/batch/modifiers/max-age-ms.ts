import { wholeNumber } from '../../store/whole-number.ts';
import type { Plain } from './modifier.ts';

/** `maxAgeMs`: the cache of a query's source looks at this. */
export const maxAgeMs: Plain<number | undefined> = {
  schema: wholeNumber
    .min(0)
    .optional()
    .meta({ description: 'The oldest cached answer that it takes, in milliseconds; 0 asks the store.' }),
  ofQueries: true,
  read: (value) => value as number | undefined,
};
