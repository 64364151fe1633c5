import { mediaTypes } from '../encodings/index.ts';
import { requestExample } from './example.ts';
import { flag } from './flag.ts';
import type { Named } from './queries.ts';
import { type JsonSchema, ref } from './schema-of.ts';
import { answers, bare, batchFaults, RAN, storedPart } from './responses.ts';

const patterns = [
  { path: '/kv', name: 'Kv', summary: 'Replies by key.' },
  { path: '/ordered', name: 'Ordered', summary: 'Replies in the order asked.' },
  { path: '/first-reply', name: 'FirstReply', summary: 'Replies in order of arrival; may stop after the first few.' },
] as const;

/** The flag that asks for a plan. */
export const explain = flag(
  'explain',
  'nothing is run; answered is what the batch would do, as JSON whatever `Accept` says.',
);

/** The paths that run a batch. */
export function batchPaths(sources: readonly Named[]): Record<string, JsonSchema> {
  return Object.fromEntries(
    patterns.map(({ path, name, summary }) => {
      const example = requestExample(path === '/kv', sources);
      const body = { schema: ref(`${name}Body`), ...(example && { examples: { simple: { value: example } } }) };
      const post = {
        operationId: path.slice(1),
        summary,
        tags: ['batches'],
        parameters: [explain],
        requestBody: { required: true, content: { 'application/json': body } },
        responses: {
          '200': answers(
            'The batch ran; failed queries are part of the answer.',
            contentIn(mediaTypes, ref(`${name}Answer`)),
            ...RAN,
          ),
          '206': storedPart,
          '304': bare('Likewise, where a condition of the query says that nothing has changed.', ...RAN),
          ...batchFaults,
        },
      };
      return [path, { post }];
    }),
  );
}

/** What a batch answers in each of these media types, of which `asJson` is the JSON. */
export function contentIn(types: readonly string[], asJson: JsonSchema): Record<string, JsonSchema> {
  // It is answered in the stored type, which may be JSON, too.
  if (!types.includes('application/octet-stream')) return contentOf(types, asJson);
  return contentOf([...types, '*/*'], { anyOf: [asJson, storedJson] });
}

const storedJson: JsonSchema = {
  description: 'Any JSON: `application/octet-stream` was asked for, and it is what is stored.',
};

function contentOf(types: readonly string[], asJson: JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(types.map((type) => [type, mediaType(type, asJson)]));
}

function mediaType(type: string, asJson: JsonSchema): JsonSchema {
  if (type === 'application/json') return { schema: asJson };
  // A schema of an event stream would be taken for that of each event.
  if (type === 'application/x-ndjson' || type === 'text/csv') return { schema: { type: 'string' } };
  return {};
}
