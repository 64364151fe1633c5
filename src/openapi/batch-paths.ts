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
            described('The batch ran; failed queries are part of the answer.', mediaTypes),
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
  // What is stored is answered in its own type, whatever that is.
  const all = types.includes(STORED) ? [...types, '*/*'] : types;
  return Object.fromEntries(all.map((type) => [type, mediaType(type, asJson)]));
}

/** What a batch answers that ran, and of what is stored that its JSON is described nowhere. */
export function described(text: string, types: readonly string[]): string {
  if (!types.includes(STORED)) return text;
  return `${text} Where \`${STORED}\` is asked for it is what is stored, in the stored type: that may be any JSON.`;
}

const STORED = 'application/octet-stream';

function mediaType(type: string, asJson: JsonSchema): JsonSchema {
  if (type === 'application/json') return { schema: asJson };
  // A schema of an event stream would be taken for that of each event.
  if (type === 'application/x-ndjson' || type === 'text/csv') return { schema: { type: 'string' } };
  return {};
}
