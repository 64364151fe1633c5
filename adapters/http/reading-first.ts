import type { Socket } from 'node:net';

/**
 * Has a socket be read before it fails. A store may answer, and close, before it has taken all of a request,
 * such as a body that it refuses: writing fails then, and would destroy the socket, though the answer has
 * come. So that failure is told a little later. It concerns what is written in several pieces, as a body is
 * behind its head.
 */
export function readFirst(socket: Socket): void {
  const write = socket._writev!.bind(socket);
  socket._writev = (pieces, done) => {
    write(pieces, (error) => {
      // In the turn of the event loop that is under way nothing may be read any more.
      if (error) setImmediate(() => setImmediate(done, error));
      else done();
    });
  };
}
