import { isModified, type Modifiers, readModifiers, UNMODIFIED } from '../modifiers/read-modifiers.ts';
import { plainOf, type Reference } from '../template/reference.ts';
import type { Fields } from './check-fields.ts';
import type { Planned } from './node.ts';
import type { Place } from './place.ts';
import type { Planner } from './planner.ts';

/**
 * What a query or group is before anything is known of it, as most of it stays. To copy this and put in what
 * is known is much quicker than to put together what both have.
 */
export const UNPLANNED: Planned = {
  ...UNMODIFIED,
  depth: 0,
  key: undefined,
  index: 0,
  referencesToStart: [],
  referencesToRun: [],
  referencesToReshape: [],
  gathered: false,
  stream: false,
};

/**
 * Plans what any query or group may say; undefined where it says nothing. `references` takes those that are
 * needed to run it.
 */
export function planModifiers(
  fields: Fields,
  { at }: Place,
  { limits, report }: Planner,
  references: Reference[],
): (Modifiers & Pick<Planned, 'referencesToStart' | 'referencesToReshape'>) | undefined {
  if (!isModified(fields)) return undefined;
  const start: Reference[] = [];
  const reshape: Reference[] = [];
  const modifiers = readModifiers({
    at,
    fields,
    limits,
    report,
    toStart: { references: start, report },
    toRun: { references, report },
    toReshape: { references: reshape, report },
  });
  return { ...modifiers, referencesToStart: plainOf(start), referencesToReshape: plainOf(reshape) };
}
