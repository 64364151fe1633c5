import type { z } from 'zod';
import { isObject } from '../../json/members.ts';
import { checkCompiled, lookedAt } from '../../store/check-schema.ts';
import type { Report } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';

/** The fields of a query, a group or the body, by their names. */
export type Fields = Readonly<Record<string, unknown>>;

/** Their faults name what there is, which no schema knows: they are checked elsewhere. */
const LOOKED_UP = new Set<unknown>(['queries', 'source', 'op']);

/**
 * Checks an object against a schema, but for the fields that are checked elsewhere, and answers its fields.
 * One that is wrong is undefined, so that its fault is told once. Undefined if it is no object.
 */
export function checkFields(schema: z.ZodObject, value: unknown, at: Spot, report: Report): Fields | undefined {
  const given = lookedAt(schema, value);
  const { faults } = checkCompiled(schema, given);
  if (faults.length === 0) return given as Fields;
  const wrong = new Set<unknown>();
  for (const { path, detail } of faults) {
    const [field] = path;
    if (LOOKED_UP.has(field) && Object.hasOwn(schema.shape, field!)) continue;
    wrong.add(field);
    report(at.follow(path), detail);
  }
  if (!isObject(given)) return undefined;
  if (wrong.size === 0) return given as Fields;
  const fields = Object.entries(given).map(([key, field]) => [key, wrong.has(key) ? undefined : field] as const);
  return Object.fromEntries(fields);
}
