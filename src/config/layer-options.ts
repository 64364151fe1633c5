import { z } from 'zod';

/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {
  coalesce: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether gathered queries that are the same are one call while it is under way.' }),
};
