import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Has an answer that closes its connection before its request's body is here close it in stages (RFC 9112
 * §9.6): nothing is written any more, and what comes is read and thrown away, up to its end, or as long as
 * a request may take. Closed at once, the connection would be reset under a client that still sends, and the
 * answer lost with it.
 */
export function closeInStages(answer: ServerResponse, socket: Socket): void {
  const { req } = answer;
  const atOnce = (): void => void Reflect.deleteProperty(socket, 'destroySoon');
  // By this Node closes the connection behind a last answer.
  socket.destroySoon = () => {
    atOnce();
    // By TLS an answer may leave only once its request's body has been read.
    if (req.complete) return socket.destroySoon();
    socket.end();
    req.once('end', () => socket.destroySoon());
    req.resume();
  };
  answer.once('finish', atOnce);
}
