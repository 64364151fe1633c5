import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** Where an answer or a body has those that wait for its end. */
const ENDING = Symbol('ending');

type Closing = (ServerResponse | Readable) & { [ENDING]?: (() => void)[] };

/**
 * Calls back, in the order of the calls, once an answer has left or its connection is gone, or a store's body
 * is closed; at once if that has been. All share one listener: it costs less than one for each, and Node
 * warns of a leak at the eleventh.
 */
export function whenClosed(closing: Closing, then: () => void): void {
  if (closing.closed) return then();
  const ending = closing[ENDING];
  if (ending) return void ending.push(then);
  const all = (closing[ENDING] = [then]);
  // One signature of the two, which are the same here.
  (closing as Readable).once('close', () => {
    for (const one of all) one();
  });
}
