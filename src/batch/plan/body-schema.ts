import { z } from 'zod';
import { groupModifierSchemas, modifierSchemas } from '../modifiers/read-modifiers.ts';
import { wholeNumber } from '../../store/whole-number.ts';
import { jsonObject } from '../template/json-object.ts';
import { PATTERNS } from './node.ts';

const milliseconds = wholeNumber.min(1);
const firstReply = {
  take: wholeNumber.min(1).optional().meta({ description: 'Stop after this many successes and cancel the rest.' }),
  hedgeMs: milliseconds
    .max(86_400_000)
    .optional()
    .meta({ description: 'Start the first `take` queries at once, then one more every so many milliseconds.' }),
};

/** One query, without regard to what its source allows in `params`. */
export const querySchema = z.strictObject({
  source: z.string().meta({ description: 'A name from the configuration.' }),
  op: z.string(),
  params: jsonObject.optional(),
  stream: z.boolean().optional().meta({ description: 'Under NDJSON and SSE: send the list item by item.' }),
  ...modifierSchemas,
});

/** A group, without regard to what stands in `queries`. */
export const groupSchema = z.strictObject({
  pattern: z.enum(PATTERNS),
  queries: z.unknown(),
  ...firstReply,
  ...groupModifierSchemas,
});

const top = {
  queries: z.unknown(),
  timeoutMs: milliseconds
    .optional()
    .meta({ description: "The batch's deadline in milliseconds, counted from the end of the request's body." }),
  onError: z.enum(['partial', 'fail']).optional(),
  shape: z.enum(['replies', 'values']).optional(),
  filename: z.string().min(1).max(255).optional().meta({ description: 'The name of an archive or a table.' }),
  trace: z
    .boolean()
    .optional()
    .meta({ description: 'Tell beside each reply when it waited, when its store was asked and what came of that.' }),
};

/** The body of each endpoint, without regard to what stands in `queries`. */
export const bodySchemas = {
  kv: z.strictObject(top),
  ordered: z.strictObject(top),
  'first-reply': z.strictObject({ ...top, ...firstReply }),
} as const;
