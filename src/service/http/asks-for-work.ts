import type { FastifyRequest } from 'fastify';

/** Whether a request asks for work: a batch, or whatever else is posted. */
export function asksForWork(request: FastifyRequest): boolean {
  return request.method === 'POST' || request.routeOptions.config.pattern !== undefined;
}
