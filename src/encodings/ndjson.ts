import type { Encoding } from './encoding.ts';
import { openItems, sendFrames } from './frame-answer.ts';

/** One frame a line. */
export const ndjson: Encoding = {
  mediaType: 'application/x-ndjson',
  openerOf: openItems,
  send: (running, _plan, reply) =>
    sendFrames(running, reply, { mediaType: 'application/x-ndjson', write: (_event, json) => `${json}\n` }),
};
