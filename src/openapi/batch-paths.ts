import type { Encoding } from '../encodings/encoding.ts';
import { encodings } from '../encodings/index.ts';
import { requestExample } from './example.ts';
import { flag } from './flag.ts';
import type { Named } from './queries.ts';
import { type JsonSchema, ref, text } from './schema-of.ts';
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
            described('The batch ran; failed queries are part of the answer.', encodings),
            contentIn(encodings, ref(`${name}Answer`)),
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

/** What a batch may be answered in. */
type Answered = Pick<Encoding, 'mediaType' | 'form'>;

/** What a batch answers in each of these encodings, of which `asJson` is the JSON. */
export function contentIn(among: readonly Answered[], asJson: JsonSchema): Record<string, JsonSchema> {
  const content = among.map(({ mediaType, form }) => [mediaType, shownAs(form, asJson)] as const);
  // What is stored is answered in its own type, whatever that is.
  return Object.fromEntries(storedIn(among) ? [...content, ['*/*', {}]] : content);
}

/** What a batch answers that ran, and of what is stored that its JSON is described nowhere. */
export function described(says: string, among: readonly Answered[]): string {
  const stored = storedIn(among);
  if (!stored) return says;
  return `${says} Where \`${stored.mediaType}\` is asked for it is what is stored, in the stored type: that may be any JSON.`;
}

/** The encoding among these that answers what is stored. */
export function storedIn(among: readonly Answered[]): Answered | undefined {
  return among.find(({ form }) => form === 'stored');
}

function shownAs(form: Encoding['form'], asJson: JsonSchema): JsonSchema {
  if (form === 'json') return { schema: asJson };
  // A schema of an event stream would be taken for that of each event.
  return form === 'text' ? { schema: text } : {};
}
