import type { ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { cut } from './cut-connection.ts';

/** Connections that were cut: nothing was taken there for too long. */
const idle = new WeakSet<Socket>();

/** A socket with what Node keeps of it, and looks at itself before it says that its time is over. */
type Handled = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/**
 * From now on each connection of a server whose time is over is cut, which is remembered. After a while in
 * which codap, or its machine, stood still, timers come before what has happened meanwhile: by the end of the
 * turn it is known whether something was taken, or has come.
 */
export function whenTimedOut(server: Server): void {
  server.on('timeout', (socket: Socket) => {
    const before = stateOf(socket);
    setImmediate(() => {
      if (socket.destroyed) return;
      if (stateOf(socket) !== before) socket.setTimeout(socket.timeout ?? 0);
      else {
        idle.add(socket);
        cut(socket);
      }
    });
  });
}

/** What changes when something is taken, has come, or is not waited for any more. */
function stateOf({ bytesRead, timeout, _handle: handle }: Handled): string {
  return [bytesRead, handle?.writeQueueSize, timeout].join(' ');
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
