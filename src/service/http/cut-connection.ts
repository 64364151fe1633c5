import type { ServerResponse } from 'node:http';
import { type Server, Socket } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';

/** A connection, with the answer under way on it as Node keeps it there. */
export type AnsweringSocket = Socket & {
  readonly _httpMessage?: (ServerResponse & { readonly _header?: string }) | null;
};

/**
 * Cuts a connection so that nobody takes what was sent for the whole: by a reset where a close would be the
 * end of the answer (RFC 9112 §8). Under TLS there is none to be had: the closing alert that is missing
 * tells those who look for it (RFC 8446 §6.1).
 */
export function cut(socket: Socket): void {
  if (isEndedByClose(socket) && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}

/**
 * From now on a client of a server that ends its side in the middle of such an answer is reset: it is taken
 * to have left, and Node would close what it may still read.
 */
export function cutWhoLeave(server: Server): void {
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: AnsweringSocket) => {
    socket.prependListener('end', () => {
      if (isEndedByClose(socket) && !socket._httpMessage?.writableEnded) cut(socket);
    });
  });
}

/** Whether an answer is under way that has neither chunks, which HTTP/1.0 lacks, nor a length. */
function isEndedByClose({ _httpMessage: answer }: AnsweringSocket): boolean {
  return answer?.headersSent === true && !answer.chunkedEncoding && !/^content-length:/im.test(answer._header ?? '');
}

/**
 * The same of an answer. One that waits for its turn on a connection has none yet: that is closed when the
 * turn comes, before any byte of this answer, since Node forgets that it was destroyed.
 */
export function cutAnswer(answer: ServerResponse): void {
  const { socket } = answer;
  // One that was injected has another kind.
  if (socket instanceof Socket) cut(socket);
  else if (!socket) answer.once('socket', (turn: Socket) => turn.destroy());
  answer.destroy();
}
