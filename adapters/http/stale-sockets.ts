import type { Socket } from 'node:net';
import { errors } from 'undici';

const stale = new WeakSet<Error>();

/**
 * Notes of each failure of a socket of undici's, and of its end, whether it is only that the store closes a
 * connection that it had kept: it has answered by it before, and brought nothing since the last request.
 */
export function noteStale(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let before = 0;
  const isStale = (): boolean => before > 0 && socket.bytesRead === before;
  socket.write = (...args: unknown[]) => {
    before = socket.bytesRead;
    return write(...args);
  };
  socket
    .on('error', (error) => {
      if (isStale()) stale.add(error);
    })
    .on('end', () => {
      if (isStale()) socket.destroy(new errors.SocketError('closed'));
    });
}

/** Whether what a request failed with says nothing but that its connection had been kept for too long. */
export function isStale(error: unknown): boolean {
  return error instanceof Error && stale.has(error);
}
