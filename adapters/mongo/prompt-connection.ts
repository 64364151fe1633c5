import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';

/** A connection of the driver's, which takes its class as an option, and declares neither. */
interface DriverConnection {
  readonly socket: Socket;
  readonly closed: boolean;
  /** Ends it, and fails what it was asked. */
  cleanup(error: Error): void;
}

const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as {
  readonly Connection: new (socket: Socket, options: object) => DriverConnection;
};

/**
 * A connection that is over as soon as its store has ended it. The driver's own is given to commands until
 * its socket is gone, and who writes to it by then, or has more to write than it takes at once, waits until
 * the command's deadline.
 */
export class PromptConnection extends Connection {
  constructor(socket: Socket, options: object) {
    super(socket, options);
    socket.once('end', () => this.cleanup(new MongoNetworkError('the store has ended the connection')));
  }

  override cleanup(error: Error): void {
    // The driver destroys it without an error, of which those who wait to write do not hear.
    if (!this.closed) this.socket.destroy(error);
    super.cleanup(error);
  }
}
