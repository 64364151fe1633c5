import { z } from 'zod';
import { wholeNumber } from '../store/whole-number.ts';
import { milliseconds } from './milliseconds.ts';
import { rateOf } from './rate-option.ts';

/** An option with these fields: `true` is all of their defaults, `false` turns the layer off. */
function layer<T extends z.ZodObject>(fields: T) {
  return z.union([z.boolean(), fields]).transform((given) => (given === true ? fields.parse({}) : given));
}

const share = z.number().min(0).max(1);
const count = wholeNumber.min(1).max(1_000_000);

/** The longest that an answer is kept, in milliseconds: a year. */
const LONGEST = 365 * 86_400_000;
const age = wholeNumber.min(0).max(LONGEST);

/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {
  cache: z
    .union([
      z.literal(false),
      z.strictObject({
        ttlMs: age.meta({ description: 'How long an answer is fresh, in milliseconds.' }),
        staleMs: age
          .default(0)
          .meta({ description: 'How much longer it is served while it is refreshed, in milliseconds.' }),
        notFoundMs: age.default(0).meta({ description: 'How long NOT_FOUND is kept, in milliseconds.' }),
        maxBytes: wholeNumber
          .min(65_536)
          .max(2 ** 40)
          .default(64 * 2 ** 20)
          .meta({ description: 'Bytes of memory that what is kept takes, in each worker.' }),
      }),
    ])
    .default(false)
    .meta({ description: 'Keeps gathered answers.' }),
  coalesce: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether gathered queries that are the same are one call while it is under way.' }),
  retry: layer(
    z.strictObject({
      attempts: wholeNumber.min(1).max(10).default(2).meta({ description: 'How often in all, the first included.' }),
      budget: share.default(0.1).meta({ description: 'Retries for each call of the last ten seconds.' }),
      perSecond: z
        .number()
        .min(0)
        .max(1000)
        .default(1)
        .meta({ description: 'Further retries for each of the last ten seconds, however few the calls.' }),
    }),
  )
    .prefault(true)
    .meta({ description: 'Asks again where a failure may pass.' }),
  hedge: layer(
    z.strictObject({
      percentile: z
        .number()
        .min(0.5)
        .max(0.999)
        .default(0.92)
        .meta({ description: 'The share of calls that are answered before a second attempt is sent.' }),
      budget: share.default(0.1).meta({ description: 'Second attempts for each call of the last ten seconds.' }),
    }),
  )
    .prefault(false)
    .meta({ description: 'Sends a second attempt beside a slow one, and takes the first answer.' }),
  breaker: layer(
    z.strictObject({
      ratio: z
        .number()
        .min(0.01)
        .max(1)
        .default(0.5)
        .meta({ description: 'The share of attempts that failed at which it opens.' }),
      calls: count.default(20).meta({ description: 'The attempts of the last ten seconds that it takes to judge.' }),
      openMs: milliseconds.default(5000).meta({ description: 'Milliseconds until the store is tried again.' }),
    }),
  )
    .prefault(true)
    .meta({ description: 'When the store is not asked, because too many of its latest attempts failed.' }),
  rate: z
    .union([z.literal(false), rateOf('Calls of the store')])
    .default(false)
    .meta({ description: 'Calls of the store a second, and how many of them may come at once, in each worker.' }),
};
