import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/**
 * What to do as an answer is handed over to its connection whole ('prefinish'): a client that then takes
 * nothing for so many milliseconds is cut.
 */
export function cutsIdle(ms: number): (this: ServerResponse) => void {
  return function () {
    const { socket } = this;
    // A request that is injected has no connection.
    if (!(socket instanceof Socket)) return;
    // Most leave at once.
    if (socket.writableLength > 0) socket.setTimeout(ms);
    // The next answer in line may have to wait for a store. If there is none, Node sets the time that idle
    // connections have: after this.
    if (socket.timeout) this.prependOnceListener('finish', () => socket.setTimeout(0));
  };
}
