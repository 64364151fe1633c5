import { z } from 'zod';
import { holds, readCondition, type Condition } from './condition.ts';
import type { Chooses } from './modifier.ts';

/** `when`: it runs only if the condition holds. */
export const when: Chooses<Condition | undefined> = {
  schema: z.unknown().optional().meta({ description: 'Run only if this condition holds.' }),
  read: (value, at, { toStart }) => (value === undefined ? undefined : readCondition(value, at, toStart)),
  on: 'start',
  apply: holds,
};
