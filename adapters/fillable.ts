import { z } from 'zod';
import { Filled, Placeholder } from '../src/placeholder.ts';

/** A schema whose value may also be a reference: not yet known while planning, checked by `compile` once filled in. */
export function fillable<T extends z.ZodType>(schema: T): z.ZodType<z.output<T> | Placeholder | Filled> {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (value instanceof Placeholder || value instanceof Filled) return;
      const checked = schema.safeParse(value);
      for (const issue of checked.error?.issues ?? []) {
        context.addIssue({ code: 'custom', message: issue.message, path: [...issue.path] });
      }
    })
    .meta({ fillable: schema }) as unknown as z.ZodType<z.output<T> | Placeholder | Filled>;
}
