import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { deserialize } from 'bson';
import { MongoNetworkError, MongoUnexpectedServerResponseError } from 'mongodb';
import { CodapError } from '../../src/errors.ts';
import { documentOf, isWholeBody, isWholeReply } from './whole-reply.ts';

/** A connection of the driver's, which takes its class as an option, and declares neither. */
interface DriverConnection extends EventEmitter {
  /** What it has ended with, if it has. */
  readonly error: Error | null;
  /** What they have said of themselves: how replies may be compressed, if at all. */
  readonly description: { readonly compressor?: string };
  /** Takes what comes apart into messages, and passes them on. */
  readonly messageStream: {
    push(message: Buffer | null): boolean;
    /** Messages that nobody has read, and bytes of one that is not whole. */
    readonly readableLength: number;
    readonly bufferPool: { readonly length: number };
  };
  /** Ends it, and fails what it was asked. */
  cleanup(error: Error): void;
  /** Resolves once a command is written. */
  writeCommand(command: object, options: object): Promise<void>;
  /** Reads replies until the last one, or until nobody wants more. */
  readMany(options: object): AsyncGenerator<Reply>;
}

/** A reply: what kind of message it was, and what was in it behind its header. */
interface Reply {
  readonly opCode: number;
  readonly data: Buffer;
}

const require = createRequire(import.meta.url);
const { Connection } = require('mongodb/lib/cmap/connection.js') as {
  readonly Connection: new (socket: Socket, options: object) => DriverConnection;
};
const { ServerDescription } = require('mongodb/lib/sdam/server_description.js') as {
  /** Throws for what a server cannot say of itself. */
  readonly ServerDescription: new (address: string, hello: object) => object;
};
/** What the driver calls a connection by which it watches a server. */
const MONITOR = '<monitor>';

/**
 * A connection that is over as soon as its store has ended it. The driver's own is given to commands until
 * its socket is gone, and who writes to it by then, or has more to write than it takes at once, waits until
 * the command's deadline. A command that is too large to be written says so. What is no whole reply, or comes
 * unasked, ends it.
 */
export class PromptConnection extends Connection {
  constructor(socket: Socket, options: { readonly id?: unknown }) {
    super(socket, options);
    socket.once('end', () => this.cleanup(ended()));
    const { messageStream } = this;
    const push = messageStream.push.bind(messageStream);
    const isTaken = options.id === MONITOR ? isGreeting : () => true;
    messageStream.push = (message) => {
      if (message === null || (isWholeReply(message, this.#mayBeCompressed) && isTaken(message))) return push(message);
      this.cleanup(unreadable());
      return false;
    };
  }

  get #mayBeCompressed(): boolean {
    return this.description.compressor !== undefined;
  }

  override readMany(options: object): AsyncGenerator<Reply> {
    const replies = super.readMany(options);
    return this.#mayBeCompressed ? this.#readWhole(replies) : replies;
  }

  /** What is in a compressed message is seen once it is open. */
  async *#readWhole(replies: AsyncGenerator<Reply>): AsyncGenerator<Reply> {
    for await (const reply of replies) {
      if (!isWholeBody(reply.opCode, reply.data)) {
        this.cleanup(unreadable());
        throw this.error;
      }
      yield reply;
    }
  }

  override async writeCommand(command: object, options: object): Promise<void> {
    // What came unasked would be taken for the answer, or for its beginning.
    if (this.messageStream.readableLength + this.messageStream.bufferPool.length > 0) {
      this.cleanup(new MongoNetworkError('the store has said something unasked'));
      throw this.error;
    }
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

/** Nobody catches what the driver throws where it cannot read what a server says of itself. */
function isGreeting(message: Buffer): boolean {
  try {
    return new ServerDescription('localhost', deserialize(documentOf(message))) instanceof ServerDescription;
  } catch {
    return false;
  }
}

/** With the word that Node has for it elsewhere: the operator is told that. */
function ended(): Error {
  return Object.assign(new MongoNetworkError('the store has ended the connection'), { code: 'ECONNRESET' });
}

function unreadable(): Error {
  return new MongoUnexpectedServerResponseError('a message that is no whole reply');
}
