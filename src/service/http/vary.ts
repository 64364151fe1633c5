import type { FastifyReply } from 'fastify';

/** Says in `Vary` that the answer depends on a header of the request, beside those it names already. */
export function vary(reply: FastifyReply, header: string): void {
  const named = reply.getHeader('vary');
  if (named === undefined) return void reply.header('vary', header);
  const isNamed = String(named)
    .split(', ')
    .some((name) => name.toLowerCase() === header.toLowerCase());
  if (!isNamed) reply.header('vary', `${String(named)}, ${header}`);
}
