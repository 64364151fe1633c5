import type { ServerResponse } from 'node:http';
import { type Server, Socket } from 'node:net';
import { countSent } from './sent-bytes.ts';

/** Connections that were cut: nothing was taken there for too long. */
const cut = new WeakSet<Socket>();

/** From now on cuts each connection of a server whose time is over, and remembers that. */
export function cutIdle(server: Server): void {
  server.on('timeout', (socket: Socket) => {
    cut.add(socket);
    socket.destroy();
  });
}

/** Whether codap has cut a connection, rather than its client. */
export function wasCut(socket: Socket): boolean {
  return cut.has(socket);
}

/**
 * What to do as an answer is handed over to its connection whole ('prefinish'): its bytes are counted, and a
 * client that then takes nothing for so many milliseconds is cut.
 */
export function cutsIdle(ms: number): (this: ServerResponse) => void {
  return function () {
    const { socket } = this;
    // A request that is injected has no connection.
    if (!(socket instanceof Socket)) return;
    countSent(this, socket);
    // Most leave at once.
    if (socket.writableLength > 0) socket.setTimeout(ms);
    // The next answer in line may have to wait for a store. If there is none, Node sets the time that idle
    // connections have: after this.
    if (socket.timeout) this.prependOnceListener('finish', () => socket.setTimeout(0));
  };
}
