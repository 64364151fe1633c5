import { frameEncoding } from './frame-answer.ts';

/**
 * Server-sent events (WHATWG HTML §9.2): the frames of NDJSON, numbered, with a comment every 15 s to keep
 * the connection open.
 */
export const sse = frameEncoding({
  mediaType: 'text/event-stream',
  extension: 'sse',
  form: 'events',
  before: (event, id) => `event: ${event}\nid: ${id}\ndata: `,
  after: '\n\n',
  heartbeat: { text: ': still here\n\n', ms: 15_000 },
});
