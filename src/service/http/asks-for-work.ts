import type { FastifyRequest } from 'fastify';

/** Whether a request asks for work: a batch, or whatever else is posted. */
export function asksForWork({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'POST' || routeOptions.config.pattern !== undefined;
}
