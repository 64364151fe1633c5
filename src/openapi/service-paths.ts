import { PATTERNS } from '../batch/plan/node.ts';
import { CODES } from '../errors.ts';
import { PROBLEM } from '../encodings/media-types.ts';
import { flag } from './flag.ts';
import { anyObject, type JsonSchema, object, ref, text, whole } from './schema-of.ts';
import { answers, anywhere, json } from './responses.ts';

const numbers: JsonSchema = { type: 'object', additionalProperties: { type: 'number' } };

const layers: JsonSchema = {
  type: 'object',
  additionalProperties: numbers,
  description: 'How the layers of the source stand, by their names.',
};
const pinged = object(
  {
    name: text,
    adapter: text,
    status: { enum: ['up', 'down'] },
    ms: { type: 'number', minimum: 0 },
    code: { enum: Object.keys(CODES), description: 'Why it is down.' },
    layers,
  },
  ['name', 'adapter', 'status', 'ms', 'layers'],
);
const readiness = (...statuses: string[]): JsonSchema =>
  object({ status: { enum: statuses }, sources: { type: 'array', items: pinged } }, ['status']);
const sources = object({
  sources: { type: 'array', items: object({ name: text, adapter: text, ops: { type: 'array', items: text }, layers }) },
});
const source = object(
  {
    name: text,
    adapter: text,
    ops: {
      type: 'object',
      description: 'By op, the JSON Schema (2020-12) of its params; each stands by itself.',
      additionalProperties: object({ params: anyObject }),
    },
    contents: {
      description:
        'Names and types, no values: of mongo the fields found in a sample of each collection, of s3 the prefixes and types among the first keys, of rest the paths of its OpenAPI file.',
      anyOf: [object({ collections: anyObject }), object({ prefixes: anyObject }), object({ paths: anyObject })],
    },
  },
  ['name', 'adapter', 'ops'],
);
const batches = object({
  batches: {
    type: 'array',
    items: object(
      {
        name: text,
        description: text,
        pattern: { enum: PATTERNS },
        params: { ...anyObject, description: 'A JSON Schema (draft 2020-12).' },
        mediaTypes: { type: 'array', items: text },
      },
      ['name', 'pattern', 'params', 'mediaTypes'],
    ),
  },
});
const limits = object({
  limits: numbers,
  server: object({ timeoutMs: whole, maxTimeoutMs: whole, maxInFlight: whole, bufferBytes: whole }),
});

/** The paths that tell of the service itself. */
export const servicePaths: Record<string, JsonSchema> = {
  '/health/live': get('live', 'Whether the process answers at all.', {
    '200': json('It does.', object({ status: { const: 'live' } })),
  }),
  '/health/ready': get(
    'ready',
    'Whether batches are let in, and how each source is.',
    {
      '200': json('They are.', readiness('ready')),
      '503': json(
        'The service is shutting down, or, with `strict`, a source is down.',
        readiness('draining', 'unavailable'),
        'Retry-After',
      ),
    },
    [flag('strict', '503 if a source is down.')],
  ),
  '/sources': get('sources', 'The sources: names, adapters, ops, and how their layers stand.', {
    '200': json('All of them.', sources),
  }),
  '/sources/{name}': get(
    'source',
    'What a source may be asked, and what is in it.',
    {
      '200': json('`contents` stands there where the source is described.', source),
      '404': { $ref: '#/components/responses/NotFound' },
      '500': { $ref: '#/components/responses/StoreFailed' },
      '502': { $ref: '#/components/responses/StoreFailed' },
      '503': { $ref: '#/components/responses/StoreFailed' },
      '504': { $ref: '#/components/responses/StoreFailed' },
    },
    [{ name: 'name', in: 'path', required: true, schema: text }],
  ),
  '/batches': get('savedBatches', 'The saved batches: what they take, and what they answer in.', {
    '200': json('All of them.', batches),
  }),
  '/limits': get('limits', 'What one request may ask for.', {
    '200': json('Sizes in bytes, durations in milliseconds.', limits),
  }),
  '/openapi.json': get('openapi', 'This document.', { '200': json('OpenAPI 3.1.', object({ openapi: text })) }),
  '/': get('start', 'For a person with a browser: the playground, or, where it is off, what there is to look at.', {
    '200': answers('A page.', { 'text/html': { schema: text } }, 'Content-Security-Policy', 'Referrer-Policy'),
  }),
  '/docs': get('docs', 'This document, to read and to try.', {
    '200': answers('A page.', { 'text/html': { schema: text } }, 'Content-Security-Policy'),
  }),
  '/docs/{file}': get(
    'docsFile',
    'What the page is made of.',
    {
      '200': answers('A file.', { 'text/css': { schema: text }, 'text/javascript': { schema: text } }),
      '404': { $ref: '#/components/responses/NotFound' },
    },
    [{ name: 'file', in: 'path', required: true, schema: text }],
  ),
};

/** The path of what the playground is made of, where that is on. */
export const playgroundPaths: Record<string, JsonSchema> = {
  '/playground/{file}': get(
    'playgroundFile',
    'What the playground is made of; the names change with what is in it.',
    {
      '200': answers(
        'A file.',
        { 'text/css': { schema: text }, 'text/javascript': { schema: text } },
        'Content-Security-Policy',
      ),
      '404': { $ref: '#/components/responses/NotFound' },
    },
    [{ name: 'file', in: 'path', required: true, schema: text }],
  ),
};

/** The path of metrics, where they have no port of their own. */
export const metricsPaths: Record<string, JsonSchema> = {
  '/metrics': get('metrics', 'What the service counts, of all its processes together.', {
    '200': answers('As `Accept` likes it: OpenMetrics, or the older text format of Prometheus.', {
      'application/openmetrics-text': { schema: text },
      'text/plain': { schema: text },
    }),
    '503': answers('The other workers cannot be asked.', { [PROBLEM]: { schema: ref('Problem') } }, 'Retry-After'),
  }),
};

function get(operationId: string, summary: string, responses: JsonSchema, parameters?: JsonSchema[]): JsonSchema {
  return {
    get: {
      operationId,
      summary,
      tags: ['service'],
      ...(parameters && { parameters }),
      responses: { ...responses, ...anywhere },
    },
  };
}
