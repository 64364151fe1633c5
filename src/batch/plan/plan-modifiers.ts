import { readModifiers } from '../modifiers/read-modifiers.ts';
import type { Findings } from '../template/read-template.ts';
import type { Reference } from '../template/reference.ts';
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
  const toStart: Findings = { references: [], report };
  const toRun: Findings = { references, report };
  const toReshape: Findings = { references: [], report };
  return {
    ...readModifiers({ at, fields, limits, report, toStart, toRun, toReshape }),
    path,
    key,
    index,
    referencesToStart: toStart.references,
    referencesToRun: references,
    referencesToReshape: toReshape.references,
  };
}
