import { CODES } from '../errors.ts';
import { explanationSchemas } from './explanation.ts';
import { anyObject, type JsonSchema, object, ref, text, whole, yes } from './schema-of.ts';

const duration: JsonSchema = { type: 'number', minimum: 0, description: 'Milliseconds.' };
const code: JsonSchema = { type: 'string', enum: Object.keys(CODES) };

const reply = {
  status: { type: 'string', enum: ['ok', 'partial', 'error', 'skipped'] },
  value: { description: 'Of a query, or of a group or forEach that answers one value; any JSON.' },
  meta: ref('Meta'),
  winner: { ...whole, description: 'The index of the query that answered a nested `take: 1`.' },
  replies: {
    description: 'Of a group or forEach: by key under kv, else a list.',
    anyOf: [ref('KeyedReplies'), ref('ListedReplies')],
  },
  cancelled: { ...whole, description: 'How many members were not waited for; left out at 0.' },
  defaulted: { const: true },
  error: ref('Error'),
  ms: duration,
  trace: ref('Trace'),
};
const instant: JsonSchema = { type: 'number', minimum: 0, description: "Milliseconds from the batch's start." };
const trace = {
  queued: { ...instant, description: 'Since when what it refers to is there. Left out where that never was.' },
  started: { ...instant, description: 'When its call left, or joined one under way. Left out where it did neither.' },
  ended: { ...instant, description: 'When its reply came to be.' },
  attempts: {
    type: 'array',
    description: 'Of a query: the calls of its store; one without `ended` goes on for others.',
    items: object({ started: instant, ended: instant, code, hedge: { const: true } }, ['started']),
  },
  cache: { type: 'string', enum: ['hit', 'stale', 'miss'] },
  shared: {
    type: 'string',
    enum: ['coalesced', 'merged'],
    description: 'It joined a call that another had begun, which has the attempts.',
  },
  after: { type: 'array', items: text, description: 'The names that it waits for.' },
};
const members: JsonSchema = {
  type: 'array',
  description: 'What ran in it and is not among its replies.',
  items: ref('TracedMember'),
};
const listed = { index: whole, as: text };

/** The schemas of answers: a batch's, in both shapes, and faults. */
export const answerSchemas: Record<string, JsonSchema> = {
  KvAnswer: { anyOf: [ref('KeyedEnvelope'), ref('KeyedValues'), ref('Explanation')] },
  OrderedAnswer: { anyOf: [ref('ListedEnvelope'), ref('ListedValues'), ref('Explanation')] },
  FirstReplyAnswer: { anyOf: [ref('ListedEnvelope'), ref('ListedValues'), ref('Explanation')] },
  KeyedEnvelope: envelope('KeyedReplies'),
  ListedEnvelope: envelope('ListedReplies'),
  ...explanationSchemas,
  KeyedReplies: { type: 'object', additionalProperties: ref('Reply') },
  ListedReplies: { type: 'array', items: ref('ListedReply') },
  KeyedValues: {
    ...anyObject,
    description: '`shape: "values"`: each value under its key, null where there is none.',
  },
  ListedValues: {
    type: 'array',
    description: '`shape: "values"`: the values alone, null where there is none.',
    items: {},
  },
  Reply: object(reply, ['status']),
  ListedReply: object({ ...listed, ...reply }, ['index', 'status']),
  Trace: {
    description: 'With `trace: true`: what became of it, and when.',
    ...object({ ...trace, members }, ['ended', 'after']),
  },
  TracedMember: object({ path: text, status: reply.status, code, ...trace }, ['path', 'status', 'ended', 'after']),
  BatchTrace: {
    description: 'With `trace: true`: how long planning took, and the whole.',
    ...object({ plannedMs: duration, ms: duration, members }, ['plannedMs', 'ms']),
  },
  Meta: object(
    {
      status: whole,
      contentType: text,
      size: whole,
      etag: text,
      lastModified: text,
      encoding: { enum: ['json', 'text', 'base64'] },
      headers: {
        type: 'object',
        description: "The header fields that the source's `responseHeaders` name; one that came repeatedly is a list.",
        additionalProperties: { anyOf: [text, { type: 'array', items: text }] },
      },
      ageMs: { ...whole, description: 'Of a value out of a cache: milliseconds since the store was asked for it.' },
    },
    [],
  ),
  Error: object(
    {
      code,
      message: text,
      retryable: yes,
      source: text,
      status: { ...whole, description: "The store's HTTP status." },
      retryAfterMs: duration,
      dependsOn: {
        type: 'array',
        items: text,
        description: 'The queries that it refers to and that failed, or did not come within its time.',
      },
    },
    ['code', 'message', 'retryable'],
  ),
  Problem: {
    description: 'A fault (RFC 9457).',
    ...object(
      {
        status: { type: 'integer', minimum: 400, maximum: 599 },
        title: text,
        detail: text,
        code,
        retryable: yes,
        source: text,
        path: { ...text, description: 'Of the failure that decided the batch: a JSON Pointer into the answer.' },
        errors: { type: 'array', maxItems: 100, items: ref('RequestFault') },
        failures: { type: 'array', items: ref('Failure') },
      },
      ['status', 'title'],
    ),
  },
  RequestFault: object(
    {
      pointer: { ...text, maxLength: 1024, description: 'Where in the body (RFC 6901 §6), "…" for what is too long.' },
      parameter: text,
      detail: { ...text, maxLength: 512 },
    },
    ['detail'],
  ),
  Failure: { allOf: [ref('Error'), object({ path: text })] },
};

function envelope(replies: string): JsonSchema {
  const fields = { complete: yes, results: ref(replies), cancelled: whole, trace: ref('BatchTrace') };
  return object(fields, ['complete', 'results']);
}
