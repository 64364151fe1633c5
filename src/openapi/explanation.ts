import type { z } from 'zod';
import { AS_WRITTEN } from '../batch/explain/explain.ts';
import { groupSchema, querySchema } from '../batch/plan/body-schema.ts';
import { PATTERNS } from '../batch/plan/node.ts';
import { anyObject, type JsonSchema, object, ref, text, whole, yes } from './schema-of.ts';

const asWritten: JsonSchema = { description: 'As the request has it.' };
const pattern: JsonSchema = { enum: PATTERNS };
const timeoutMs: JsonSchema = { type: 'number', minimum: 1, description: 'Milliseconds, clamped to what is around.' };
const race = { take: whole, hedgeMs: whole };
const queries: JsonSchema = {
  description: 'By key under kv, else a list.',
  anyOf: [
    { type: 'object', additionalProperties: ref('ExplainedMember') },
    { type: 'array', items: ref('ExplainedMember') },
  ],
};

/** Those of what is told as it is written whose type says more. */
const refined: Record<string, JsonSchema> = { required: yes, hidden: yes, accept: text, maxAgeMs: whole, stream: yes };

/** What is told of a query or group whose request takes these fields. */
const member = ({ shape }: z.ZodObject): Record<string, JsonSchema> => ({
  after: { type: 'array', items: text, description: 'The names of the queries and groups that it waits for.' },
  ...Object.fromEntries(
    AS_WRITTEN.filter((name) => name in shape).map((name) => [name, refined[name] ?? asWritten] as const),
  ),
  forEach: object({
    over: asWritten,
    concurrency: whole,
    bound: object({ items: { ...whole, description: 'The most items that it may have.' } }),
  }),
});

/** The schemas of what `?explain` answers. */
export const explanationSchemas: Record<string, JsonSchema> = {
  Explanation: object({ pattern, timeoutMs, ...race, onError: { const: 'fail' }, calls: ref('Calls'), queries }, [
    'pattern',
    'timeoutMs',
    'calls',
    'queries',
  ]),
  Calls: object({
    least: { ...whole, description: 'Where nothing fails, without what stands under when, unless or forEach.' },
    most: whole,
  }),
  ExplainedMember: { anyOf: [ref('ExplainedQuery'), ref('ExplainedGroup')] },
  ExplainedQuery: object(
    {
      source: text,
      adapter: text,
      op: text,
      timeoutMs,
      ...member(querySchema),
      request: {
        ...anyObject,
        description: 'What the store is sent, references as written; nothing that codap adds and that may be secret.',
      },
      sent: { const: false, description: 'No store is asked.' },
      inParts: { const: true, description: 'The request is for the beginning; others for the rest follow.' },
      bound: { ...anyObject, description: 'The most that its answer may be, by what holds it to that.' },
      layers: {
        type: 'object',
        description: 'The layers of its source that do something for it, outermost first, each with its bounds.',
        additionalProperties: { type: 'object', additionalProperties: { type: 'number' } },
      },
    },
    ['source', 'adapter', 'op', 'timeoutMs', 'after', 'request', 'bound', 'layers'],
  ),
  ExplainedGroup: object({ pattern, timeoutMs, ...race, ...member(groupSchema), queries }, [
    'pattern',
    'after',
    'queries',
  ]),
};
