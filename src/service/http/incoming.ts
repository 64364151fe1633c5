import { IncomingMessage } from 'node:http';

declare module 'node:http' {
  interface IncomingMessage {
    /** Where Node takes the fields of the head and, once the message is complete, those of the trailers. */
    _addHeaderLines(fields: string[], count: number): void;
  }
}

/**
 * A request whose header fields are in an object without a hidden class of its own. In Node's, it follows
 * their names and order: V8 would throw away, and make again, the code of all who read them with each client
 * that sends them otherwise. There is no prototype either, so that `constructor` is a field as any other.
 */
export class Incoming extends IncomingMessage {
  override _addHeaderLines(fields: string[], count: number): void {
    if (!this.complete) this.headers = Object.create(null);
    super._addHeaderLines(fields, count);
  }
}
