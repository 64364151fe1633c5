import { z } from 'zod';
import { isObject } from '../../src/json/members.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { fillable, objectOf } from '../fillable.ts';

/** An object whose members are checked one by one later. */
const checkedLater = (member: z.ZodType): z.ZodType<object> =>
  z
    .custom<object>(
      (value) => isObject(value) && !isHole(value),
      'an object is allowed here, references among its values',
    )
    .meta({ type: 'object', shown: objectOf(fillable(member)) });

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Segments of a path. */
const MOST_SEGMENTS = 100;

const segment = z.union([z.string().min(1), z.number()]);

/** They are counted before any is looked at. */
const segments = z
  .array(z.unknown().meta({ fillable: segment }))
  .max(MOST_SEGMENTS)
  .pipe(z.array(fillable(segment)));

const read = {
  path: z
    .union([z.string(), segments], {
      error: ({ input }) =>
        Array.isArray(input)
          ? `at most ${MOST_SEGMENTS} segments are allowed here`
          : 'a string without references, or a list of segments, references among them, is allowed here',
    })
    .default('')
    .meta({ description: 'Below the base URL: a literal path, or a list of segments, each encoded whole.' }),
  query: checkedLater(z.union([scalar, z.array(fillable(scalar))]))
    .default({})
    .meta({ description: 'Values by key; a list repeats its key.' }),
  headers: checkedLater(scalar).default({}).meta({ description: 'Only those that the source allows.' }),
};

/** The params of `get` and `head`. */
export const readParams = z.strictObject(read);

/** The params of `post`. */
export const postParams = z.strictObject({
  ...read,
  body: z
    .unknown()
    .optional()
    .meta({ description: 'JSON, or a string that is sent as text; references may stand for any value.' }),
});

/** The params of an op where a query may set these headers: in any case, which no list of names can say. */
export function paramsWith(op: string, headers: readonly string[]): z.ZodType {
  const description = `Those that the source allows: ${headers.join(', ') || 'none'}.`;
  return (op === 'post' ? postParams : readParams).extend({ headers: read.headers.meta({ description }) });
}

/** Params that fit their schema. */
export interface RestParams {
  readonly path: string | readonly unknown[];
  readonly query: object;
  readonly headers: object;
  readonly body?: unknown;
}
