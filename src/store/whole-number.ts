import { z } from 'zod';

/**
 * A whole number. That of zod ends below 2^53 itself; a request's numbers beyond that are refused by their
 * digits, and what is written with an exponent is as it is.
 */
export const wholeNumber: z.ZodNumber = z
  .number()
  .refine((number) => Number.isInteger(number), { abort: true })
  .meta({ type: 'integer' });
