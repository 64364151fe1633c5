import type { FastifyRequest } from 'fastify';
import type { REASONS } from '../../observe/metrics.ts';
import { traceIdOf } from './trace-context.ts';

/** Notes that a request was turned away because of who asks. */
export type Refused = (
  request: FastifyRequest,
  reason: Extract<(typeof REASONS)[number], 'unauthorized' | 'forbidden' | `caller_${string}`>,
) => void;

/** Writes a line for each, and counts it: with the caller's name, where that is known, never with its key. */
export function noting(count: (reason: Parameters<Refused>[1]) => void): Refused {
  return ({ log, method, raw, routeOptions, caller: { name } }, reason) => {
    count(reason);
    const trace_id = traceIdOf(raw.headers);
    log.info({ caller: name, reason, method, route: routeOptions.url, trace_id }, 'a request was refused');
  };
}
