import { z } from 'zod';
import { wholeNumber } from '../store/whole-number.ts';

/** So many a second, and so many at once, of these. */
export function rateOf(what: string) {
  return z.strictObject({
    perSecond: z
      .number()
      .min(0.001)
      .max(1_000_000)
      .meta({ description: `${what} a second.` }),
    burst: wholeNumber.min(1).max(1_000_000).meta({ description: 'How many of them may come at once.' }),
  });
}
