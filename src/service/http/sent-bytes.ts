import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Where an answer has its bytes, and a connection those that it had sent when they were last counted. */
const BYTES = Symbol('bytes');
const COUNTED = Symbol('counted');

type Counted = Socket & { [COUNTED]?: number };
type Answer = ServerResponse & { [BYTES]?: number };

/**
 * Counts the bytes of an answer that is handed over to its connection whole ('prefinish'): a moment later
 * there are those of the next one in line, too.
 */
export function countSent(answer: Answer, socket: Socket): void {
  answer[BYTES] = sentSince(socket);
}

/** How many bytes of an answer have left, once it has or its connection is gone; its head is among them. */
export function bytesSent(answer: Answer): number {
  // What was cut has its connection still, unless it never had its turn there.
  return answer[BYTES] ?? (answer.socket ? sentSince(answer.socket) : 0);
}

function sentSince(socket: Counted): number {
  // A request that is injected has no connection.
  const sent = socket.bytesWritten || 0;
  const bytes = sent - (socket[COUNTED] ?? 0);
  socket[COUNTED] = sent;
  return bytes;
}
