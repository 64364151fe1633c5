import { PROBLEM } from '../encodings/media-types.ts';
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
  'Cache-Control': { description: 'For how long it may be kept, if at all.', schema: { type: 'string' } },
  Vary: { description: 'The headers of the request on which it depends.', schema: { type: 'string' } },
  ETag: {
    description: 'Of what was gathered a weak one, of its values and statuses; of stored bytes that of the store.',
    schema: { type: 'string' },
  },
  'Last-Modified': { description: 'Of stored bytes.', schema: { type: 'string' } },
  'Content-Range': { description: 'Which part of the stored bytes it is.', schema: { type: 'string' } },
  'Content-Disposition': {
    description: 'The file name of an archive, a table or stored bytes.',
    schema: { type: 'string' },
  },
  'X-Accel-Buffering': { description: 'A stream is to be passed on as it comes.', schema: { const: 'no' } },
  'Content-Security-Policy': { description: 'What a browser lets it load and do.', schema: { type: 'string' } },
  'Referrer-Policy': { description: 'What a browser tells others of it.', schema: { type: 'string' } },
  Allow: { description: 'The methods this path has.', required: true, schema: { type: 'string' } },
};

/** Those that every answer may have. */
const ANYWHERE = ['X-Request-Id', 'Cache-Control', 'Vary'] as const;

/** An answer with a body of these media types. */
export function answers(description: string, content: Record<string, JsonSchema>, ...names: string[]): Response {
  return { description, headers: named(names), content };
}

/** An answer without a body. */
export function bare(description: string, ...names: string[]): Response {
  return { description, headers: named(names) };
}

/** An answer of JSON. */
export function json(description: string, schema: JsonSchema, ...names: string[]): Response {
  return answers(description, { 'application/json': { schema } }, ...names);
}

/** The headers of what a batch answers that ran, as far as its media type has them. */
export const RAN = [
  'Codap-Complete',
  'Server-Timing',
  'Content-Disposition',
  'Content-Security-Policy',
  'ETag',
  'Last-Modified',
  'X-Accel-Buffering',
] as const;

/** A part of stored bytes, where a query asks for that. */
export const storedPart = answers(
  '`application/octet-stream` was asked for, and the store answered a part: that of the stored bytes, in the stored type.',
  { '*/*': { schema: { type: 'string', format: 'binary' } } },
  ...RAN,
  'Content-Range',
);

/** What every path may answer. */
export const anywhere = {
  '400': at('BadRequest'),
  '405': at('MethodNotAllowed'),
  '408': at('Unreadable'),
  '421': at('Misdirected'),
  '431': at('Unreadable'),
  '501': at('UnknownCoding'),
};

/** What a batch may answer beside its replies. */
export const batchFaults = {
  ...anywhere,
  '404': at('Failed'),
  '406': at('NotAcceptable'),
  '413': at('TooLarge'),
  '415': at('UnsupportedMediaType'),
  '422': at('Failed'),
  '500': at('Failed'),
  '502': at('Failed'),
  '503': at('Overloaded'),
  '504': at('Failed'),
};

/** Where an answer is not what the request is bound to. */
export const changed = { '412': at('Changed') };

const { '413': _, '415': __, ...withoutBody } = batchFaults;

/** The same of one whose request has no body. */
export const fromUrlFaults = withoutBody;

/** The faults, by name. */
export const faults: Record<string, Response> = {
  BadRequest: problem('The request is not valid; every fault is named, at most 100.'),
  Failed: problem(
    'The batch failed as it was read, planned or run: its status is that of the failure that decided it.',
    'Codap-Complete',
    'Server-Timing',
    'Retry-After',
  ),
  Forbidden: problem('Pages of this `Origin` may not ask here.'),
  Changed: problem('The answer is not the one that `If-Match` or `If-Unmodified-Since` names.'),
  MethodNotAllowed: problem('This path does not have this method.', 'Allow'),
  Misdirected: problem('The host that the request names is not served.'),
  NotFound: problem('There is nothing at this path.'),
  NotAcceptable: problem('No media type of `Accept` can be had; the detail lists those that can.'),
  Overloaded: problem(
    'Too many batches are under way, the processor is at its limit, `server.bufferBytes` has no room, the service is shutting down, or a store that decided the batch is overloaded.',
    'Codap-Complete',
    'Server-Timing',
    'Retry-After',
  ),
  StoreFailed: problem('The store cannot tell what is in it now; `code` says why.', 'Retry-After'),
  TooLarge: problem('The body is larger than `limits.bodyBytes`.'),
  UnknownCoding: problem('The body is in another transfer coding than `chunked`.'),
  UnsupportedMediaType: problem('The body must be application/json, not compressed.'),
  Unreadable: problem('The request took too long to arrive, or its head is too large.'),
};

function at(name: keyof typeof faults): JsonSchema {
  return { $ref: `#/components/responses/${name}` };
}

function problem(description: string, ...names: string[]): Response {
  return answers(description, { [PROBLEM]: { schema: ref('Problem') } }, ...names);
}

function named(names: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries([...ANYWHERE, ...names].map((name) => [name, header(name)]));
}
