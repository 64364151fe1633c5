import { CODES } from '../errors.ts';
import { type JsonSchema, object } from './schema-of.ts';
import { flag } from './flag.ts';
import { answers, anywhere, json } from './responses.ts';

const text: JsonSchema = { type: 'string' };
const whole: JsonSchema = { type: 'integer', minimum: 0 };
const numbers: JsonSchema = { type: 'object', additionalProperties: { type: 'number' } };

const pinged = object(
  {
    name: text,
    adapter: text,
    status: { enum: ['up', 'down'] },
    ms: { type: 'number', minimum: 0 },
    code: { enum: Object.keys(CODES), description: 'Why it is down.' },
  },
  ['name', 'adapter', 'status', 'ms'],
);
const readiness = (...statuses: string[]): JsonSchema =>
  object({ status: { enum: statuses }, sources: { type: 'array', items: pinged } }, ['status']);
const sources = object({
  sources: { type: 'array', items: object({ name: text, adapter: text, ops: { type: 'array', items: text } }) },
});
const limits = object({
  limits: numbers,
  server: object({ timeoutMs: whole, maxTimeoutMs: whole, maxInFlight: whole }),
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
      ),
    },
    [flag('strict', '503 if a source is down.')],
  ),
  '/sources': get('sources', 'The sources: names, adapters and ops.', { '200': json('All of them.', sources) }),
  '/limits': get('limits', 'What one request may ask for.', {
    '200': json('Sizes in bytes, durations in milliseconds.', limits),
  }),
  '/openapi.json': get('openapi', 'This document.', { '200': json('OpenAPI 3.1.', object({ openapi: text })) }),
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
