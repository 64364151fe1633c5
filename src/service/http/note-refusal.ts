import type { FastifyRequest } from 'fastify';
import type { REASONS } from '../../observe/metrics.ts';
import { traceIdOf } from './trace-context.ts';

/** Why a request may be turned away because of who asks. */
export type Forbidding = Extract<(typeof REASONS)[number], 'unauthorized' | 'forbidden' | `caller_${string}`>;

/** Writes a line, and counts: with the caller's name, where that is known, never with its key. */
export function noteRefusal(
  { log, method, raw, routeOptions, server, caller: { name } }: FastifyRequest,
  reason: Forbidding,
): void {
  server.metrics.refused.add(reason);
  const trace_id = traceIdOf(raw.headers);
  log.info({ caller: name, reason, method, route: routeOptions.url, trace_id }, 'a request was refused');
}
