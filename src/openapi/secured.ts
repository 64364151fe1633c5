import { PROBLEM } from '../encodings/media-types.ts';
import { CHALLENGE } from '../service/http/identify.ts';
import { answers } from './responses.ts';
import { type JsonSchema, ref } from './schema-of.ts';

/** Where nobody needs a key. */
const OPEN = new Set(['/', '/health/live', '/health/ready', '/docs', '/docs/{file}', '/playground/{file}']);

const problem = { [PROBLEM]: { schema: ref('Problem') } };

const refusals = {
  Unauthorized: answers('No key or token, or one that may not ask.', problem, 'WWW-Authenticate'),
  TooManyRequests: answers('This caller asks too often, or has too many batches under way.', problem, 'Retry-After'),
};

const security = [{ key: [] }, { bearer: [] }];

/** The interface of a service that knows its callers: how they say who they are, and how they are refused. */
export function secured(document: Document): JsonSchema {
  const { components } = document;
  return {
    ...document,
    paths: Object.fromEntries(
      Object.entries(document.paths).map(([path, item]) => [path, ofPath(item as object, OPEN.has(path))]),
    ),
    components: {
      ...components,
      responses: { ...components.responses, ...refusals },
      headers: {
        ...components.headers,
        'WWW-Authenticate': {
          description: 'How a key or token is sent.',
          required: true,
          schema: { const: CHALLENGE },
        },
      },
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'A key that `codap key` has made.' },
        bearer: { type: 'http', scheme: 'bearer', description: 'Such a key, or a JSON Web Token.' },
      },
    },
  };
}

interface Document {
  readonly paths: object;
  readonly components: { readonly responses: object; readonly headers: object };
}

function ofPath(item: object, isOpen: boolean): object {
  const operations = Object.entries(item).map(([name, operation]) =>
    name === 'parameters' ? [name, operation as unknown] : [name, ofOperation(operation as JsonSchema, isOpen)],
  );
  return Object.fromEntries(operations) as object;
}

function ofOperation(operation: JsonSchema, isOpen: boolean): JsonSchema {
  const responses = operation['responses'] as object;
  const unauthorized = { '401': { $ref: '#/components/responses/Unauthorized' } };
  // What is not there is so for callers alone.
  if (isOpen)
    return { ...operation, security: [], responses: { ...responses, ...('404' in responses && unauthorized) } };
  const tooMany = { '429': { $ref: '#/components/responses/TooManyRequests' } };
  return { ...operation, security, responses: { ...responses, ...unauthorized, ...tooMany } };
}
