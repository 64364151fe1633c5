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

const member = {
  after: { type: 'array', items: text, description: 'The names of the queries and groups that it waits for.' },
  as: asWritten,
  required: yes,
  hidden: yes,
  when: asWritten,
  unless: asWritten,
  accept: text,
  select: asWritten,
  default: asWritten,
  forEach: object({
    over: asWritten,
    concurrency: whole,
    bound: object({ items: { ...whole, description: 'The most items that it may have.' } }),
  }),
};

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
      ...member,
      maxAgeMs: whole,
      stream: yes,
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
  ExplainedGroup: object({ pattern, timeoutMs, ...race, ...member, queries }, ['pattern', 'after', 'queries']),
};
