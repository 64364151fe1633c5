import type { z } from 'zod';
import { bodySchemas, groupSchema, querySchema } from '../batch/plan/body-schema.ts';
import { needingValue } from '../batch/modifiers/read-modifiers.ts';
import type { Pattern } from '../batch/plan/node.ts';
import type { Limits } from '../config/load.ts';
import { WORDS, type Word } from '../store/placeholder.ts';
import type { Source } from '../sources/open.ts';
import {
  anyObject,
  having,
  type JsonSchema,
  orVerbatim,
  paramsSchema,
  ref,
  strictObject,
  text,
  toJsonSchema,
  verbatim,
} from './schema-of.ts';

/** A source as a client may know it. */
export type Named = Pick<Source, 'name' | 'adapter' | 'ops' | 'streams' | 'paramsOf' | 'example'>;

/** A JSON Pointer (RFC 6901 §3); one that begins with a name has one. */
const POINTER = '^(?:/(?:[^~]|~[01])*)?$';
const FROM_NAME = '^/(?:[^~/]|~[01])(?:[^~]|~[01])*$';

/** What can be part of a string. */
const part: JsonSchema = { type: ['string', 'number', 'boolean'] };

const pointer = (description: string, pattern = FROM_NAME): JsonSchema => ({
  type: 'string',
  pattern,
  description: `${description} A JSON Pointer (RFC 6901) in which "*" goes over lists.`,
});

/** What each word takes. */
const words: Record<Word, JsonSchema> = {
  $result: pointer("Another query's value."),
  $meta: pointer("Another query's `meta`."),
  $item: pointer('The current item of the nearest forEach.', POINTER),
  $param: pointer("A saved batch's parameter."),
  $caller: pointer('In a saved batch: a claim of who asks.'),
  $join: {
    type: 'array',
    description: 'One string made of these.',
    items: { anyOf: [part, ref('Reference'), verbatim(part)] },
  },
};

const schemaNames: Record<Word, string> = {
  $result: 'Result',
  $meta: 'ResultMeta',
  $item: 'Item',
  $param: 'Param',
  $caller: 'CallerClaim',
  $join: 'Join',
};

/** What may stand for a value, by these words. */
function referencesBy(some: readonly Word[]): Record<string, JsonSchema> {
  return {
    Reference: { description: 'Filled in before the query runs.', anyOf: some.map((word) => ref(schemaNames[word])) },
    ...Object.fromEntries(some.map((word) => [schemaNames[word], strictObject({ [word]: words[word] }, [word])])),
    Verbatim: verbatim({ description: 'This, with nothing in it read as a reference.' }),
    VerbatimParams: verbatim(anyObject),
  };
}

const adHoc = WORDS.filter((word) => word !== '$param' && word !== '$caller');

/** What may stand for a value in a saved batch, which knows its parameters and its caller. */
export const references = referencesBy(WORDS);
/** The same in any other. */
export const adHocReferences = referencesBy(adHoc);

const selection: JsonSchema = {
  description: 'A pointer into the value, a reference, or an object of these.',
  anyOf: [
    { type: 'string', pattern: POINTER },
    ref('Reference'),
    ref('Verbatim'),
    {
      type: 'object',
      propertyNames: { not: { enum: [...WORDS, '$verbatim'] } },
      additionalProperties: ref('Selection'),
    },
  ],
};

const list: JsonSchema = { type: 'array', items: {} };

const refined: Record<string, JsonSchema> = {
  as: orVerbatim({ anyOf: [text, ref('Reference')] }, verbatim(text)),
  forEach: orVerbatim(
    { anyOf: [list, ...adHoc.filter((word) => word !== '$join').map((word) => ref(schemaNames[word]))] },
    verbatim(list),
  ),
  select: ref('Selection'),
};

/** The schemas of a request's body: one a pattern, and what they are made of. */
export function requestSchemas(sources: readonly Named[], limits: Limits): Record<string, JsonSchema> {
  const members = ref('QueryOrGroup');
  const keyed = {
    type: 'object',
    maxProperties: limits.queries,
    propertyNames: { maxLength: limits.keyChars },
    additionalProperties: members,
  };
  return {
    KvBody: body('kv', ref('KeyedQueries')),
    OrderedBody: body('ordered', ref('ListedQueries')),
    FirstReplyBody: body('first-reply', ref('ListedQueries')),
    KeyedQueries: keyed,
    ListedQueries: { type: 'array', maxItems: limits.queries, items: members },
    QueryOrGroup: { anyOf: [ref('Query'), ref('Group')] },
    Query: querySchemaOf(sources),
    Group: groupSchemaOf(limits),
    ...paramsSchemas(sources),
    Selection: selection,
    ...adHocReferences,
  };
}

function body(pattern: Pattern, queries: JsonSchema): JsonSchema {
  return { ...refine(toJsonSchema(bodySchemas[pattern]), { queries }), not: TRACED_VALUES };
}

/** What no batch can answer. */
export const TRACED_VALUES = having({ trace: true, shape: 'values' });

/** A list that flows cannot be looked into. */
const STREAMED_VALUE = { ...having({ stream: true }), anyOf: needingValue.map((name) => ({ required: [name] })) };

/** Which op takes which params is told by the names of the sources that have it. */
function querySchemaOf(sources: readonly Named[]): JsonSchema {
  const ops = [...new Set(sources.flatMap((source) => source.ops))];
  const schema = refine(toJsonSchema(querySchema), {
    ...refined,
    source: { type: 'string', enum: sources.map(({ name }) => name) },
    op: { type: 'string', enum: ops },
  });
  const branches = allowed(sources).map(({ name, sources, op, params, hasList }) => {
    const required = params['required'] === undefined ? [] : ['params'];
    const properties = {
      source: { enum: sources },
      op: { const: op },
      params: orVerbatim(ref(name), ref('VerbatimParams')),
      ...(!hasList && { stream: { const: false } }),
    };
    return { properties, required };
  });
  return { ...schema, not: STREAMED_VALUE, ...(branches.length > 0 && { anyOf: branches }) };
}

function groupSchemaOf(limits: Limits): JsonSchema {
  const kv = { properties: { pattern: { const: 'kv' }, queries: ref('KeyedQueries'), take: false, hedgeMs: false } };
  const ordered = {
    properties: { pattern: { const: 'ordered' }, queries: ref('ListedQueries'), take: false, hedgeMs: false },
  };
  const firstReply = { properties: { pattern: { const: 'first-reply' }, queries: ref('ListedQueries') } };
  return {
    ...refine(toJsonSchema(groupSchema), refined),
    description: `A group of its own pattern; groups are nested at most ${limits.nesting} deep.`,
    oneOf: [kv, ordered, firstReply],
  };
}

/** Fields that say nothing without others. */
const NEEDED = { concurrency: ['forEach'], hedgeMs: ['take'] };

function refine(schema: JsonSchema, own: Record<string, JsonSchema>): JsonSchema {
  const properties = { ...(schema['properties'] as Record<string, JsonSchema>) };
  for (const [name, property] of Object.entries(own)) {
    const { description } = properties[name] ?? {};
    properties[name] = { ...property, ...(description !== undefined && { description }) };
  }
  const needing = Object.entries(NEEDED).filter(([name]) => name in properties);
  return {
    ...schema,
    properties,
    ...(needing.length > 0 && { dependentRequired: Object.fromEntries(needing) }),
  };
}

function paramsSchemas(sources: readonly Named[]): Record<string, JsonSchema> {
  return Object.fromEntries(allowed(sources).map(({ name, params }) => [name, params]));
}

/** What one op of an adapter takes, and which sources have it: those whose options narrow it alike. */
interface Allowed {
  /** The name of its schema. */
  readonly name: string;
  readonly op: string;
  readonly params: JsonSchema;
  /** Whether its answer can flow item by item. */
  readonly hasList: boolean;
  readonly sources: string[];
}

function allowed(sources: readonly Named[]): readonly Allowed[] {
  const found = new Map<string, Map<z.ZodType, Allowed>>();
  for (const source of sources) {
    for (const op of source.ops) {
      const common = `${source.adapter}.${op}.params`;
      const bySchema = found.get(common) ?? new Map<z.ZodType, Allowed>();
      found.set(common, bySchema);
      const schema = source.paramsOf(op);
      const name = bySchema.size === 0 ? common : `${common}.${source.name}`;
      const hasList = source.streams(op) === 'items';
      const entry = bySchema.get(schema) ?? { name, op, params: paramsSchema(schema), hasList, sources: [] };
      entry.sources.push(source.name);
      bySchema.set(schema, entry);
    }
  }
  return [...found.values()].flatMap((bySchema) => [...bySchema.values()]);
}
