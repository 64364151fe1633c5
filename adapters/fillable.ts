import { z } from 'zod';
import { checkCompiled, OR_REFERENCE } from '../src/store/check-schema.ts';
import { isHole, WORDS, type Hole } from '../src/store/placeholder.ts';

/**
 * A schema whose value may also be a reference: not yet known while planning, checked by `compile` once
 * filled in.
 */
export function fillable<T extends z.ZodType>(schema: T): z.ZodType<z.output<T> | Hole> {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (value === undefined || isHole(value)) return;
      for (const { path, detail } of checkCompiled(schema, value).faults) {
        const message = path.length === 0 ? detail.replace(ALLOWED, (end) => `${OR_REFERENCE}${end}`) : detail;
        context.addIssue({ code: 'custom', message, path: [...path] });
      }
    })
    .meta({ fillable: schema }) as unknown as z.ZodType<z.output<T> | Hole>;
}

/** How the detail of a fault ends that says what may stand somewhere. */
const ALLOWED = / (?:is|are) allowed here$/;

/** Says that something is allowed: where `value` was written out, not filled in, also a reference. */
export function allowedFor(value: unknown, what: string): string {
  return `${what}${isHole(value) ? '' : OR_REFERENCE} is allowed here`;
}

const RESERVED = new RegExp(`^(?!\\$(?:${[...WORDS, '$verbatim'].map((word) => word.slice(1)).join('|')})$)`);

/**
 * An object with such members and such names, in whose own place no reference stands: as a schema shows what
 * is checked elsewhere, since a record would drop a key such as `__proto__`.
 */
export function objectOf(member: z.ZodType, name = z.string().regex(RESERVED)): z.ZodType {
  return z.record(name, member);
}
