import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Of HTTP/1.0, which has no chunks: an answer without a length ends as its connection is closed. */
const endByClosing = new WeakSet<Socket>();

/** Notes of a request how its answer will end. */
export function noteEnding({ httpVersion, socket }: IncomingMessage): void {
  if (httpVersion === '1.0') endByClosing.add(socket);
}

/**
 * Cuts a connection so that nobody takes what was sent for the whole: by a reset where a close would be the
 * end of the answer (RFC 9112 §8). Under TLS there is none to be had: the closing alert that is missing
 * tells those who look for it (RFC 8446 §6.1).
 */
export function cut(socket: Socket): void {
  if (endByClosing.has(socket) && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}

/** The same of an answer: one that was injected, or waits for its turn on a connection, has none. */
export function cutAnswer(answer: ServerResponse): void {
  if (answer.socket instanceof Socket) cut(answer.socket);
  answer.destroy();
}
