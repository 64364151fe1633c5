import { z } from 'zod';

const milliseconds = z.int().min(1);
const anything = z.unknown();
const object = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'an object is allowed here',
  )
  .meta({ type: 'object' });

const modifiers = {
  as: z
    .union([z.string(), object], 'a string or a reference is allowed here')
    .optional()
    .meta({ description: 'Its name in a list, its file name in an archive.' }),
  required: z.boolean().optional().meta({ description: 'Its failure fails the group it stands in.' }),
  hidden: z.boolean().optional().meta({ description: 'Run and waited for, but not answered while it is ok.' }),
  forEach: z
    .union([z.array(anything), object], 'a list, or a reference to one, is allowed here')
    .optional()
    .meta({ description: 'A list, or a reference to one: run once per item.' }),
  concurrency: z.int().min(1).max(1000).optional().meta({ description: 'Items of a forEach at a time. Default 8.' }),
  when: anything.optional().meta({ description: 'Run only if this condition holds.' }),
  unless: anything.optional().meta({ description: 'Run only if this condition does not hold.' }),
  timeoutMs: milliseconds
    .optional()
    .meta({ description: "Its own time-out in milliseconds, clamped to the source's and to the batch's." }),
  accept: z.enum(['any', 'found']).optional().meta({ description: 'With "found", null is NOT_FOUND.' }),
  select: z
    .union([z.string(), object], 'a pointer or an object of pointers is allowed here')
    .optional()
    .meta({ description: 'Reshapes the value.' }),
  default: anything.optional().meta({ description: 'The value when it fails.' }),
};

const firstReply = {
  take: z.int().min(1).optional().meta({ description: 'Stop after this many successes and cancel the rest.' }),
  hedgeMs: milliseconds
    .max(86_400_000)
    .optional()
    .meta({ description: 'Start the first `take` queries at once, then one more every so many milliseconds.' }),
};

/** One query, without regard to what its source allows in `params`. */
export const querySchema = z.strictObject({
  source: z.string().meta({ description: 'A name from the configuration.' }),
  op: z.string(),
  params: object.optional(),
  stream: z.boolean().optional().meta({ description: 'Under NDJSON and SSE: send the list item by item.' }),
  ...modifiers,
});

/** A group, without regard to what stands in `queries`. */
export const groupSchema = z.strictObject({
  pattern: z.enum(['kv', 'ordered', 'first-reply']),
  queries: anything,
  ...firstReply,
  ...modifiers,
});

const top = {
  queries: anything,
  timeoutMs: milliseconds
    .optional()
    .meta({ description: "The batch's deadline in milliseconds, counted from the end of the request's body." }),
  onError: z.enum(['partial', 'fail']).optional(),
  shape: z.enum(['replies', 'values']).optional(),
  filename: z.string().min(1).max(255).optional().meta({ description: 'The name of an archive or a table.' }),
};

/** The body of each endpoint, without regard to what stands in `queries`. */
export const bodySchemas = {
  kv: z.strictObject(top),
  ordered: z.strictObject(top),
  'first-reply': z.strictObject({ ...top, ...firstReply }),
} as const;
