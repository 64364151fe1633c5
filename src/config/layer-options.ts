import { z } from 'zod';

/** The longest that an answer is kept, in milliseconds: a year. */
const LONGEST = 365 * 86_400_000;

const cache = z.strictObject(
  {
    ttlMs: z.int().min(0).max(LONGEST).meta({ description: 'How long an answer is fresh, in milliseconds.' }),
    staleMs: z
      .int()
      .min(0)
      .max(LONGEST)
      .default(0)
      .meta({ description: 'How much longer it is served while it is refreshed, in milliseconds.' }),
    notFoundMs: z
      .int()
      .min(0)
      .max(LONGEST)
      .default(0)
      .meta({ description: 'How long NOT_FOUND is kept, in milliseconds.' }),
    maxBytes: z
      .int()
      .min(65_536)
      .max(2 ** 40)
      .default(64 * 2 ** 20)
      .meta({ description: 'Bytes of memory that what is kept takes, in each worker.' }),
  },
  'false or an object is allowed here',
);

/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {
  cache: unlessFalse(cache).meta({ description: 'Keeps gathered answers; without it, none.' }),
};

/** An option that is left out, or false, where its layer is not wanted. */
function unlessFalse<T extends z.ZodType>(schema: T) {
  return z.preprocess((said) => (said === false ? undefined : said), schema.optional()).optional();
}
