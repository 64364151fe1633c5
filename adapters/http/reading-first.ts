import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/**
 * Opens sockets that are read before they fail. A store may answer, and close, before it has taken all of a
 * request, such as a body that it refuses: writing fails then, and would destroy the socket, though the
 * answer has come. So that failure is told a little later.
 */
export function readingFirst(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connect(options, (...opened) => {
      const [, socket] = opened;
      if (socket) tellLater(socket);
      callback(...opened);
    });
  };
}

/** Concerns what is written in several pieces, as a body is behind its head. */
function tellLater(socket: Socket): void {
  const write = socket._writev!.bind(socket);
  socket._writev = (pieces, done) => {
    write(pieces, (error) => {
      // In the turn of the event loop that is under way nothing may be read any more.
      if (error) setImmediate(() => setImmediate(done, error));
      else done();
    });
  };
}
