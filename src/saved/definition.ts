import { z } from 'zod';
import { bodySchemas } from '../batch/plan/body-schema.ts';
import type { Pattern } from '../batch/plan/node.ts';
import { recordOf } from '../json/members.ts';
import { paramSchema } from './param.ts';

/** A year: no answer is worth keeping for longer. */
const LONGEST_SECONDS = 31_536_000;

const NAME = 'a name of 1 to 64 letters, digits, _ and -, beginning with a letter, other than explain, is allowed here';
const name = z.string().regex(/^(?!explain$)[A-Za-z][A-Za-z0-9_-]{0,63}$/, NAME);

/** By their names. */
const params = z.preprocess(
  (value, context) => {
    const record = recordOf(value);
    // A record schema would drop this key without a word.
    if (Object.hasOwn(Object(record) as object, '__proto__'))
      context.addIssue({ code: 'custom', path: ['__proto__'], message: NAME });
    return record;
  },
  z.record(name, paramSchema),
);

/** The patterns of a batch. */
export const PATTERNS = Object.keys(bodySchemas) as Pattern[];

const own = {
  pattern: z.enum(PATTERNS),
  description: z.string().min(1).max(1000).optional(),
  params: params.optional(),
  maxAgeSeconds: z.int().min(0).max(LONGEST_SECONDS).optional(),
  tool: z.boolean().optional(),
} as const;

/** What a saved batch says of itself, beside what it asks. */
export type Own = { [Field in keyof typeof own]?: z.output<(typeof own)[Field]> };

/** What a saved batch of a pattern may say, without regard to what stands in `queries`. */
export function definitionSchema(pattern: Pattern): z.ZodObject {
  const { shape: _, trace: __, ...top } = bodySchemas[pattern].shape;
  return z.strictObject({ ...own, ...top });
}
