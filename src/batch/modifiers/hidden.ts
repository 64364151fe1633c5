import { z } from 'zod';
import type { Plain } from './modifier.ts';

/** `hidden`: whoever shows the answer looks at this. */
export const hidden: Plain<boolean> = {
  schema: z.boolean().optional().meta({ description: 'Run and waited for, but not answered while it is ok.' }),
  read: (value) => value === true,
};
