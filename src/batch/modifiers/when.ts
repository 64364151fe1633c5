import { z } from 'zod';
import { CONDITION, holds, readCondition } from './condition.ts';
import type { Chooses } from './modifier.ts';

/** `when`: it runs only if the condition holds. */
export const when: Chooses = {
  schema: z
    .unknown()
    .optional()
    .meta({ description: `Run only if this condition holds. ${CONDITION}` }),
  read: (value, at, { toStart }) => (value === undefined ? undefined : readCondition(value, at, toStart)),
  on: 'start',
  apply: holds,
};
