import { z } from 'zod';

const share = z.number().min(0.01).max(1);
const count = z.int().min(1).max(1_000_000);
const milliseconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {
  breaker: z
    .union([
      z.literal(false),
      z.strictObject({
        ratio: share.default(0.5),
        calls: count.default(20),
        openMs: milliseconds.default(5000),
      }),
    ])
    .default({ ratio: 0.5, calls: 20, openMs: 5000 })
    .meta({ description: 'When the store is not asked, because too many of its latest attempts failed.' }),
  rate: z
    .union([z.literal(false), z.strictObject({ perSecond: z.number().min(0.001).max(1_000_000), burst: count })])
    .default(false)
    .meta({ description: 'Calls of the store a second, and how many of them may come at once, in each worker.' }),
};
