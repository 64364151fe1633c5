import { z } from 'zod';
import type { Plain } from './modifier.ts';

/** `required`: the group around it looks at this when it fails. */
export const required: Plain<boolean> = {
  schema: z.boolean().optional().meta({ description: 'Its failure fails the group it stands in.' }),
  read: (value) => value === true,
};
