import { z } from 'zod';
import { CONDITION, holds, readCondition } from './condition.ts';
import type { Chooses } from './modifier.ts';

/** `unless`: it runs only if the condition does not hold. */
export const unless: Chooses = {
  schema: z
    .unknown()
    .optional()
    .meta({ description: `Run only if this condition does not hold. ${CONDITION}` }),
  read: (value, at, { toStart }) => (value === undefined ? undefined : readCondition(value, at, toStart)),
  on: 'start',
  *apply(condition, given) {
    return !(yield* holds(condition, given));
  },
};
