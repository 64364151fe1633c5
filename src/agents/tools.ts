import { z } from 'zod';
import { bodySchemas } from '../batch/plan/body-schema.ts';
import { type Pattern, PATTERNS } from '../batch/plan/node.ts';
import { anyObject, type JsonSchema, strictObject, toJsonSchema } from '../openapi/schema-of.ts';
import { OWN_TOOLS } from '../saved/definition.ts';
import type { SavedBatch } from '../saved/saved-batch.ts';
import type { Source } from '../sources/open.ts';

/** A tool as an agent is told of it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema & { readonly type: 'object' };
  readonly annotations: { readonly readOnlyHint: true; readonly idempotentHint: true; readonly openWorldHint: false };
}

/** A source as an agent is told of it. */
type Granted = Pick<Source, 'name' | 'adapter' | 'ops' | 'notation'>;

/** Nothing that codap does changes anything in a store. */
const READ_ONLY = { readOnlyHint: true, idempotentHint: true, openWorldHint: false } as const;

const LANGUAGE = `Reads several things from the datastores below in one round trip, also where one needs the result of another. \
Prefer one batch to several calls. pattern "kv": queries is an object, answered by its keys; "ordered" and "first-reply": a list; \
"first-reply" with take: n stops after the first n answers. \
A query: {"source", "op", "params"}. It starts as soon as what it refers to is there: {"$result": "/user/_id"} stands for another query's value \
(JSON Pointer; * goes over a list), {"$join": ["a/", ref]} for one string. \
"forEach": ref runs a query once per item, {"$item": "/sku"} reads the item, "concurrency" at a time. \
Also on a query: "select" (a pointer, or an object of pointers: answers less), "accept": "found" (null is a failure), \
"as" (its name in a list), "when", "unless", "default", "required", "hidden", "timeoutMs", "maxAgeMs" (of a cached answer). \
Example: {"pattern": "kv", "queries": {"user": {"source": "S", "op": "findOne", "params": {"collection": "users", "filter": {"name": "Ada"}}}, \
"orders": {"source": "S", "op": "find", "params": {"collection": "orders", "filter": {"userId": {"$result": "/user/_id"}}, "limit": 5}}}}. \
A failed query is null in results, and errors says why; the others are answered all the same. Ask for what you need: limit, projection, select. \
${OWN_TOOLS.describe} tells the params of a source's ops.`;

/** What `describe_source` takes. */
export const describeSchema = z.strictObject({
  name: z.string(),
  at: z.string().optional().meta({
    description:
      'The part that is wanted: a JSON Pointer into the description, such as /ops/find or /contents/collections/orders. All of it unless told.',
  }),
});

/**
 * What `run_batch` takes where its pattern is known: a batch, but for what says how it is answered. That of a
 * first-reply has all that there is.
 */
export function runSchemaOf(pattern: Pattern): z.ZodObject {
  const { shape: _, filename: __, trace: ___, ...fields } = bodySchemas[pattern].shape;
  return z.strictObject({ pattern: z.enum(PATTERNS), ...fields });
}

/** All tools there are: the saved batches that are tools, then codap's own. */
export function toolsOf(
  saved: Iterable<SavedBatch>,
  sources: ReadonlyMap<string, Granted>,
  adhoc: boolean,
): readonly Tool[] {
  const own = [...saved].filter(({ isTool }) => isTool).map(savedTool);
  return [
    ...own,
    ...(adhoc ? [runTool(sources)] : []),
    ...(sources.size > 0 ? [describeTool([...sources.keys()])] : []),
  ];
}

function savedTool({ name, description, params }: SavedBatch): Tool {
  return tool(name, description ?? `Answers the saved batch ${name}.`, params.schema as JsonSchema);
}

function runTool(sources: ReadonlyMap<string, Granted>): Tool {
  const notations = [...sources.values()].flatMap(({ adapter, notation }) =>
    notation ? `${adapter}: ${notation}` : [],
  );
  const listed = [...sources.values()].map(({ name, adapter, ops }) => `${name} (${adapter}): ${ops.join(', ')}`);
  const { properties, required } = toJsonSchema(runSchemaOf('first-reply')) as {
    properties: Record<string, JsonSchema>;
    required: string[];
  };
  const queries = {
    description: 'An object of queries under kv, else a list.',
    anyOf: [anyObject, { type: 'array', items: anyObject }],
  };
  return tool(
    OWN_TOOLS.run,
    [LANGUAGE, `Sources and their ops: ${listed.join('; ')}.`, ...new Set(notations)].join('\n'),
    strictObject({ ...properties, queries }, [...new Set([...required, 'queries'])]),
  );
}

function describeTool(sources: readonly string[]): Tool {
  return tool(
    OWN_TOOLS.describe,
    'Tells of one source which ops it allows, what their params may say, and what is in it, where its operator lets that be told.',
    toJsonSchema(describeSchema.extend({ name: z.enum(sources) })),
  );
}

function tool(name: string, description: string, schema: JsonSchema): Tool {
  return { name, description, inputSchema: { ...schema, type: 'object' }, annotations: READ_ONLY };
}
