import type { FastifyReply } from 'fastify';

/** Says in `Vary` that the answer depends on a header of the request, beside those it names already. */
export function vary(reply: FastifyReply, header: string): void {
  const named = reply.getHeader('vary');
  reply.header('vary', named === undefined ? header : `${String(named)}, ${header}`);
}
