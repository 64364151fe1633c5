import { z } from 'zod';
import { checkCompiled } from '../src/store/check-schema.ts';
import { Filled, Placeholder } from '../src/store/placeholder.ts';

/**
 * A schema whose value may also be a reference: not yet known while planning, checked by `compile` once
 * filled in.
 */
export function fillable<T extends z.ZodType>(schema: T): z.ZodType<z.output<T> | Placeholder | Filled> {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (value === undefined || value instanceof Placeholder || value instanceof Filled) return;
      for (const { path, detail } of checkCompiled(schema, value).faults)
        context.addIssue({ code: 'custom', message: detail, path: [...path] });
    })
    .meta({ fillable: schema }) as unknown as z.ZodType<z.output<T> | Placeholder | Filled>;
}
