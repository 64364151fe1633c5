import type { FastifyRequest } from 'fastify';
import { traceIdOf } from './trace-context.ts';

/** Logs a failure that is codap's own, with its cause and the request that it belongs to, and counts it. */
export function noteOwnFault(
  { log, raw, server }: Pick<FastifyRequest, 'log' | 'raw' | 'server'>,
  err: unknown,
  what: string,
  place: object = {},
): void {
  server.metrics.ownFaults += 1;
  log.error({ err, ...place, trace_id: traceIdOf(raw.headers) }, what);
}
