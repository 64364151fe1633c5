import { z } from 'zod';

/** An option with these fields: `true` is all of their defaults, `false` turns the layer off. */
function layer<T extends z.ZodObject>(fields: T) {
  return z.union([z.boolean(), fields]).transform((given) => (given === true ? fields.parse({}) : given));
}

const share = z.number().min(0).max(1);

/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {
  retry: layer(
    z.strictObject({
      attempts: z.int().min(1).max(10).default(2).meta({ description: 'How often in all, the first included.' }),
      budget: share.default(0.1).meta({ description: 'Retries for each call of the last ten seconds.' }),
      perSecond: z
        .number()
        .min(0)
        .max(1000)
        .default(1)
        .meta({ description: 'Retries for each of these seconds, beside.' }),
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
};
