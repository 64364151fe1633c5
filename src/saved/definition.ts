import { z } from 'zod';
import { wholeNumber } from '../store/whole-number.ts';
import { bodySchemas } from '../batch/plan/body-schema.ts';
import { type Pattern, PATTERNS } from '../batch/plan/node.ts';
import { recordOf } from '../json/members.ts';
import { paramSchema } from './param.ts';

/** A year: no answer is worth keeping for longer. */
const LONGEST_SECONDS = 31_536_000;

/** What a parameter may be named, in words. */
export const PARAM_NAME =
  'a name of 1 to 64 letters, digits, _ and -, beginning with a letter, other than explain, is allowed here';
const name = z.string().regex(/^(?!explain$)[A-Za-z][A-Za-z0-9_-]{0,63}$/, PARAM_NAME);

/** By their names. */
const params = z.preprocess(recordOf, z.record(name, z.preprocess(recordOf, paramSchema)));

const own = {
  pattern: z.enum(PATTERNS),
  description: z.string().min(1).max(1000).optional(),
  params: params.optional(),
  maxAgeSeconds: wholeNumber.min(0).max(LONGEST_SECONDS).optional(),
  template: z.string().min(1).optional().meta({ description: 'A file below the folder of the configuration.' }),
  csp: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'the value of a Content-Security-Policy is allowed here')
    .optional(),
  tool: z.boolean().optional(),
} as const;

/** Names of tools that agents have anyway: no saved batch that is a tool bears one of them. */
export const OWN_TOOLS = { run: 'run_batch', describe: 'describe_source' } as const;

/** What a saved batch says of itself, beside what it asks. */
export type Own = { [Field in keyof typeof own]?: z.output<(typeof own)[Field]> } & { readonly queries?: unknown };

/** What a saved batch of a pattern and a name may say, without regard to what stands in `queries`. */
export function definitionSchema(pattern: Pattern, name: string): z.ZodObject {
  const { shape: _, trace: __, ...top } = bodySchemas[pattern].shape;
  const isTaken = Object.values<string>(OWN_TOOLS).includes(name);
  return z.strictObject({ ...own, ...top, ...(isTaken && { tool: notTool }) });
}

/** A batch that bears the name of a tool there is already. */
const notTool = z
  .literal(false, "false, or another name, is allowed here: a tool of codap's own bears this one")
  .optional();
