import { z } from 'zod';
import { wholeNumber } from '../../src/store/whole-number.ts';
import { isPointer } from '../../src/json/pointer.ts';
import { literalFault } from './path.ts';

/** The one segment of a rule's path in whose place an id stands. */
const ID = /(?<=^|\/)\{[^{}/]+\}(?=\/|$)/g;

const path = z.string().superRefine((text, context) => {
  const issue = (message: string): void => context.addIssue({ code: 'custom', message });
  const rest = text.replaceAll(ID, 'id');
  if (text.match(ID)?.length !== 1 || /[{}]/.test(rest))
    return issue('a path with one segment such as {id} is allowed here');
  const fault = literalFault(rest);
  if (fault !== undefined) issue(fault);
});

const into = z.string().superRefine((text, context) => {
  const fault = /[{}]/.test(text) ? 'a path without { and } is allowed here' : literalFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const pointer = z.string().refine(isPointer, 'a JSON Pointer is allowed here');

/** How GETs of single things are asked of a list: a rule of `merge`. */
export const mergeRule = z.strictObject({
  path: path.meta({ description: 'The path of one thing, with {id} in the place of its id.' }),
  into: into.meta({ description: 'The path at which many are asked for.' }),
  query: z
    .string()
    .min(1)
    .refine((text) => text.isWellFormed(), 'a key without lone surrogates is allowed here')
    .meta({ description: 'The key of the query that takes the ids.' }),
  style: z
    .enum(['comma', 'repeat'])
    .default('comma')
    .meta({ description: 'Whether the key stands once, with commas between the ids, or once for each.' }),
  items: pointer.default('').meta({ description: 'A JSON Pointer to the list in the answer.' }),
  key: pointer
    .min(1, 'a JSON Pointer to a member is allowed here')
    .meta({ description: 'A JSON Pointer to the id in an item.' }),
  max: wholeNumber.min(2).max(1000).default(100).meta({ description: 'The most ids of one request.' }),
});

/** A rule of `merge`, checked. */
export type MergeRule = z.output<typeof mergeRule>;

/** What stands before and after the id in a rule's path. */
export function aroundId(path: string): readonly [string, string] {
  const [before = '', after = ''] = path.split(ID);
  return [before, after];
}
