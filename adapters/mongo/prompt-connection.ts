import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';
import { CodapError } from '../../src/errors.ts';

/** A connection of the driver's, which takes its class as an option, and declares neither. */
interface DriverConnection extends EventEmitter {
  /** What it has ended with, if it has. */
  readonly error: Error | null;
  /** Ends it, and fails what it was asked. */
  cleanup(error: Error): void;
  /** Resolves once a command is written. */
  writeCommand(command: object, options: object): Promise<void>;
}

const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as {
  readonly Connection: new (socket: Socket, options: object) => DriverConnection;
};

/**
 * A connection that is over as soon as its store has ended it. The driver's own is given to commands until
 * its socket is gone, and who writes to it by then, or has more to write than it takes at once, waits until
 * the command's deadline. A command that is too large to be written says so.
 */
export class PromptConnection extends Connection {
  constructor(socket: Socket, options: object) {
    super(socket, options);
    socket.once('end', () => this.cleanup(new MongoNetworkError('the store has ended the connection')));
  }

  override async writeCommand(command: object, options: object): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (): void => reject(this.error);
    this.once('close', end);
    super.writeCommand(command, options).then(resolve, reject);
    try {
      await promise;
    } catch (cause) {
      // The driver writes into memory that has room for the largest document.
      if (!(cause instanceof RangeError)) throw cause;
      throw new CodapError('TOO_LARGE', 'the query is larger than MongoDB takes: 16 MiB', { cause });
    } finally {
      this.off('close', end);
    }
  }
}
