import { isModified, readModifiers, UNMODIFIED } from '../modifiers/read-modifiers.ts';
import { plainOf, type Reference } from '../template/reference.ts';
import type { Fields } from './check-fields.ts';
import type { Planned } from './node.ts';
import type { Place } from './place.ts';
import type { Planner } from './planner.ts';

/** Plans what any query or group may say; `references` are those that its params hold. */
export function planModifiers(
  fields: Fields,
  { at, path, key, index }: Place,
  { limits, report }: Planner,
  references: Reference[] = [],
): Planned {
  const start: Reference[] = [];
  const reshape: Reference[] = [];
  const modifiers = isModified(fields)
    ? readModifiers({
        at,
        fields,
        limits,
        report,
        toStart: { references: start, report },
        toRun: { references, report },
        toReshape: { references: reshape, report },
      })
    : UNMODIFIED;
  return {
    ...modifiers,
    path,
    key,
    index,
    referencesToStart: plainOf(start),
    referencesToRun: plainOf(references),
    referencesToReshape: plainOf(reshape),
  };
}
