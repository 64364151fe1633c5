import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** The answers of requests that wait with their bodies until they are told to go on. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Leaves it to who reads a body to ask for it (RFC 9110 §10.1.1): Node would ask for each at once, also for
 * those that are then refused by their heads. What a client expects beyond that may be left to it; Node would
 * refuse it.
 */
export function heedExpectations({ server }: Pick<FastifyInstance, 'server'>): void {
  const take = (request: IncomingMessage, response: ServerResponse): void =>
    void server.emit('request', request, response);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (announcesBody(request)) waiting.set(request, response);
    // There is nothing that may or may not come: its connection can stay.
    else response.writeContinue();
    take(request, response);
  });
  server.on('checkExpectation', take);
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Has a client that waits with the body of a request send it. */
export function askForBody(request: IncomingMessage): void {
  const answer = waiting.get(request);
  if (!answer) return;
  waiting.delete(request);
  answer.writeContinue();
}

/** Whether a client still waits with the body of a request: after an answer nobody knows whether it comes. */
export function isHeldBack(request: IncomingMessage): boolean {
  return waiting.has(request);
}
