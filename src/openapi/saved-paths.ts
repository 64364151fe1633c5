import type { Steps, Work } from '../budget/work.ts';
import type { Grant } from '../callers/known-caller.ts';
import { askedSchema } from '../saved/asked.ts';
import type { ParamSet } from '../saved/param-set.ts';
import { mayExplain, type SavedBatch } from '../saved/saved-batch.ts';
import { answerOf } from './answer-of.ts';
import { TRACED_VALUES } from './queries.ts';
import { contentIn, described, explain, storedIn } from './batch-paths.ts';
import { answers, bare, batchFaults, changed, fromUrlFaults, RAN, storedPart } from './responses.ts';
import { type JsonSchema, ref, toJsonSchema } from './schema-of.ts';

type Saved = ReadonlyMap<string, SavedBatch>;

/** Pieces of work that a saved batch counts for. */
const PIECES = 512;

/** The path of each saved batch, and that of its answers in what an ending names. */
export function* savedPaths(saved: Saved, caller: Grant, work: Work): Steps<Record<string, JsonSchema>> {
  const paths: Record<string, JsonSchema> = {};
  for (const batch of saved.values()) {
    if (work.tick(PIECES)) yield;
    const endings = batch.encodings.map(({ extension }) => extension);
    const ending = {
      name: 'ending',
      in: 'path',
      required: true,
      description: 'What it is answered in, whatever `Accept` says.',
      schema: { type: 'string', enum: endings },
    };
    const path = `/batches/${batch.name}`;
    const flags = mayExplain(batch, caller) ? [explain] : [];
    paths[path] = operationsOf(batch, '', flags, {});
    paths[`${path}.{ending}`] = operationsOf(batch, '.ending', flags, { parameters: [ending] });
  }
  return paths;
}

/** What each of them takes, and what it answers as JSON, by names that no other schema has. */
export function* savedSchemas(saved: Saved, work: Work): Steps<Record<string, JsonSchema>> {
  const schemas: Record<string, JsonSchema> = {};
  for (const { name, params, plan } of saved.values()) {
    if (work.tick(PIECES)) yield;
    schemas[`batch.${name}.asked`] = askedOf(params);
    schemas[`batch.${name}.answer`] = answerOf(plan.root);
  }
  return schemas;
}

function askedOf(params: ParamSet): JsonSchema {
  const asked = toJsonSchema(askedSchema);
  const properties = { ...(asked['properties'] as object), params: params.schema };
  return { ...asked, properties, not: TRACED_VALUES, ...(!params.areOptional && { required: ['params'] }) };
}

function operationsOf(batch: SavedBatch, suffix: string, flags: readonly JsonSchema[], shared: JsonSchema): JsonSchema {
  const { name, description } = batch;
  const told = {
    summary: `The saved batch ${name}.`,
    ...(description !== undefined && { description }),
    tags: ['saved'],
  };
  const parameters = [...parametersOf(batch), ...flags];
  return {
    ...shared,
    get: {
      operationId: `get.${name}${suffix}`,
      ...told,
      parameters,
      responses: {
        '200': ran(batch),
        '204': bare('An event source (`text/event-stream`) has come back (`Last-Event-ID`): it is not to ask again.'),
        ...ofStored(batch),
        '304': bare(
          'The client has this answer already (`If-None-Match`; of stored bytes `If-Modified-Since`, too).',
          ...RAN,
        ),
        ...changed,
        ...fromUrlFaults,
        ...ofCaller(batch),
      },
    },
    head: {
      operationId: `head.${name}${suffix}`,
      ...told,
      parameters,
      responses: {
        '200': bare('As GET answers it, without the body.', ...RAN),
        default: bare('Likewise.', ...RAN, 'Content-Range', 'Retry-After'),
      },
    },
    post: {
      operationId: `post.${name}${suffix}`,
      ...told,
      parameters: flags,
      requestBody: {
        required: !batch.params.areOptional,
        content: { 'application/json': { schema: ref(`batch.${name}.asked`) } },
      },
      responses: { '200': ran(batch), ...ofStored(batch), ...batchFaults, ...ofCaller(batch) },
    },
  };
}

function parametersOf({ params }: SavedBatch): readonly JsonSchema[] {
  return Array.from(params.entries(), ([name, param]) => {
    const { description, ...schema } = param.schema as JsonSchema;
    const list = schema['type'] === 'array' && { style: 'form', explode: true };
    return {
      name,
      in: 'query',
      required: param.isRequired,
      ...(description !== undefined && { description }),
      ...list,
      schema,
    };
  });
}

function ran({ name, encodings }: SavedBatch): JsonSchema {
  const content = contentIn(encodings, ref(`batch.${name}.answer`));
  return answers(described('It ran; failed queries are part of the answer.', encodings), content, ...RAN);
}

/** Of stored bytes the query may ask for a part, or under a condition. */
function ofStored({ encodings }: SavedBatch): JsonSchema {
  if (!storedIn(encodings)) return {};
  return {
    '206': storedPart,
    '304': bare('A condition of the query says that the stored bytes have not changed.', ...RAN),
  };
}

/** A claim of who asks may not be there. */
function ofCaller({ plan }: SavedBatch): JsonSchema {
  return plan.namesCaller ? { '403': batchFaults['422'] } : {};
}
