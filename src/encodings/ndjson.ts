import type { Encoding } from './encoding.ts';
import { itemsOrValue, sendFrames } from './frame-answer.ts';

/** One frame a line. */
export const ndjson: Encoding = {
  mediaType: 'application/x-ndjson',
  wants: itemsOrValue,
  send: (running, _plan, reply) =>
    sendFrames(running, reply, { mediaType: 'application/x-ndjson', write: (_event, json) => `${json}\n` }),
};
