import { z } from 'zod';
import type { ReportFault } from '../../adapters/adapter.ts';
import { checkCompiled, lookedAt } from '../store/check-schema.ts';
import { followPath } from '../json/members.ts';
import { isHole } from '../store/placeholder.ts';

/** Params as far as they fit their schema. */
interface Checked {
  /** Those that fit, defaults filled in; undefined if nothing more can be said of them. */
  readonly params: Record<string, unknown> | undefined;
  /** The names of those that do not. */
  readonly wrong: ReadonlySet<unknown>;
}

const NONE: ReadonlySet<unknown> = new Set();

/**
 * Checks params against an op's schema. Those that do not fit are told to `fault` and left out, so that the
 * others can be looked at too.
 */
export function checkParams(schema: z.ZodType, given: object, fault: ReportFault): Checked {
  const params = lookedAt(schema as z.ZodObject, given) as Record<string, unknown>;
  const { data, faults } = checkCompiled(schema, params);
  if (faults.length === 0) return { params: data as Record<string, unknown>, wrong: NONE };
  const wrong = new Set<unknown>();
  const told = new Set<string>();
  const tell = (path: readonly (string | number)[], detail: string): void => {
    wrong.add(path[0]);
    const reference = path.findIndex((_, depth) => isHole(followPath(params, path.slice(0, depth + 1))));
    if (reference < 0) return fault(path, detail);
    // A schema may have looked inside, at what a reference is made of.
    const at = path.slice(0, reference + 1);
    if (!told.has(at.join())) fault(at, 'a reference may not stand here');
    told.add(at.join());
  };
  for (const { path, detail } of faults) tell(path, detail);
  const fitting = Object.fromEntries(Object.entries(params).filter(([name]) => !wrong.has(name)));
  return { params: (schema as z.ZodObject).partial().safeParse(fitting).data, wrong };
}
