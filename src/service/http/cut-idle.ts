import type { ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { cut } from './cut-connection.ts';

/** Connections that were cut: nothing was taken there for too long. */
const idle = new WeakSet<Socket>();

/** From now on each connection of a server whose time is over is cut, which is remembered. */
export function whenTimedOut(server: Server): void {
  server.on('timeout', (socket: Socket) => {
    idle.add(socket);
    cut(socket);
  });
}

/** Whether codap has cut a connection, rather than its client. */
export function wasCut(socket: Socket): boolean {
  return idle.has(socket);
}

/**
 * As an answer is handed over to its connection whole ('prefinish'): a client that then takes nothing for so
 * many milliseconds is cut.
 */
export function cutIdle(answer: ServerResponse, socket: Socket, ms: number): void {
  // Most leave at once.
  if (socket.writableLength > 0) socket.setTimeout(ms);
  // The next answer in line may have to wait for a store. If there is none, Node sets the time that idle
  // connections have: after this.
  if (socket.timeout) answer.prependOnceListener('finish', () => socket.setTimeout(0));
}
