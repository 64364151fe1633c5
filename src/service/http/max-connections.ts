import type { Server, Socket } from 'node:net';

/**
 * Closes the connections beyond `most()` as they come, whichever listener took them for this server, and
 * calls back for each.
 */
export function boundConnections(server: Server, most: () => number, refused: () => void): void {
  let open = 0;
  server.prependListener('connection', (socket: Socket) => {
    if (open >= most()) {
      socket.destroy();
      refused();
      return;
    }
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
}
