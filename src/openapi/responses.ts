import { PROBLEM } from '../service/http/problem.ts';
import { type JsonSchema, ref } from './schema-of.ts';

type Response = { description: string; headers: Record<string, JsonSchema>; content?: Record<string, JsonSchema> };

const header = (name: string): JsonSchema => ({ $ref: `#/components/headers/${name}` });

/** The headers an answer may have, by name. */
export const headers: Record<string, JsonSchema> = {
  'X-Request-Id': {
    description: "The request's own, or a new one.",
    required: true,
    schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
  },
  'Codap-Complete': {
    description: 'Whether every reply is ok, or skipped by choice. An answer that flows tells at its end instead.',
    schema: { type: 'string', enum: ['true', 'false'] },
  },
  'Server-Timing': { description: 'How long each source took, and the whole.', schema: { type: 'string' } },
  'Retry-After': {
    description: 'Seconds to wait before trying again.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'Cache-Control': {
    description: 'For how long a complete answer may be kept, if at all.',
    required: true,
    schema: { type: 'string' },
  },
  ETag: { description: 'A weak one of what was gathered: its values and statuses.', schema: { type: 'string' } },
  Vary: { description: 'The headers of the request on which it depends.', required: true, schema: { type: 'string' } },
  'Content-Security-Policy': { description: 'Nothing is loaded from elsewhere.', schema: { type: 'string' } },
  Allow: { description: 'The methods this path has.', required: true, schema: { type: 'string' } },
};

/** An answer with a body of these media types. */
export function answers(description: string, content: Record<string, JsonSchema>, ...names: string[]): Response {
  return { description, headers: named(names), content };
}

/** An answer without a body. */
export function bare(description: string, ...names: string[]): Response {
  return { description, headers: named(names) };
}

/** An answer of JSON. */
export function json(description: string, schema: JsonSchema): Response {
  return answers(description, { 'application/json': { schema } });
}

/** What every path may answer. */
export const anywhere = { '400': at('BadRequest'), '405': at('MethodNotAllowed'), '421': at('Misdirected') };

/** What a batch may answer beside its replies. */
export const batchFaults = {
  ...anywhere,
  '404': at('Failed'),
  '406': at('NotAcceptable'),
  '408': at('Unreadable'),
  '413': at('TooLarge'),
  '415': at('UnsupportedMediaType'),
  '422': at('Failed'),
  '431': at('Unreadable'),
  '500': at('Failed'),
  '502': at('Failed'),
  '503': at('Overloaded'),
  '504': at('Failed'),
};

const { '413': _, '415': __, ...withoutBody } = batchFaults;

/** The same of one whose request has no body. */
export const fromUrlFaults = withoutBody;

/** The faults, by name. */
export const faults: Record<string, Response> = {
  BadRequest: problem('The request is not valid; every fault is named, at most 100.'),
  Failed: problem(
    'The batch failed: its status is that of the failure that decided it.',
    'Codap-Complete',
    'Server-Timing',
    'Retry-After',
  ),
  Forbidden: problem('Pages of this `Origin` may not ask here.'),
  MethodNotAllowed: problem('This path does not have this method.', 'Allow'),
  Misdirected: problem('The host that the request names is not served.'),
  NotFound: problem('There is nothing at this path.'),
  NotAcceptable: problem('No media type of `Accept` can be had; the detail lists those that can.'),
  Overloaded: problem(
    'Too many batches are under way, the service is shutting down, or a store that decided the batch is overloaded.',
    'Codap-Complete',
    'Server-Timing',
    'Retry-After',
  ),
  StoreFailed: problem('The store cannot tell what is in it now; `code` says why.'),
  TooLarge: problem('The body is larger than `limits.bodyBytes`.'),
  UnsupportedMediaType: problem('The body must be application/json, not compressed.'),
  // Answered before there is a request to give an id to.
  Unreadable: { ...problem('The request took too long to arrive, or its head is too large.'), headers: {} },
};

function at(name: keyof typeof faults): JsonSchema {
  return { $ref: `#/components/responses/${name}` };
}

function problem(description: string, ...names: string[]): Response {
  return answers(description, { [PROBLEM]: { schema: ref('Problem') } }, ...names);
}

function named(names: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(['X-Request-Id', ...names].map((name) => [name, header(name)]));
}
