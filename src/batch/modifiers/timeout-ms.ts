import { wholeNumber } from '../../store/whole-number.ts';
import type { Plain } from './modifier.ts';

/** `timeoutMs`: the source's call or the group looks at this. */
export const timeoutMs: Plain<number | undefined> = {
  schema: wholeNumber.min(1).optional().meta({
    description:
      "Its own time-out in milliseconds, clamped to the source's, and to those of the groups around it and of the batch.",
  }),
  read: (value) => value as number | undefined,
};
