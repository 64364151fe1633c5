import type { FastifyReply } from 'fastify';
import type { Batch } from '../../batch/run/batch.ts';
import { summaryHeaders } from '../../encodings/summary.ts';
import { notNeeded } from '../../errors.ts';
import { formatPointer } from '../../json/pointer.ts';
import { askToWait, sendProblem } from './problem.ts';

/**
 * Answers a batch that failed as a whole: the status of the failure that decided it, and all that was known
 * by then.
 */
export function sendFailed(batch: Batch, reply: FastifyReply, ms: number): void {
  // Without a decision it was cancelled, and nobody reads this.
  const { path, error } = batch.decidedBy ?? { path: [], error: notNeeded() };
  reply.headers(summaryHeaders(batch, false, ms));
  askToWait(reply, error.retryAfterMs);
  sendProblem(reply, {
    status: error.http,
    detail: error.message,
    code: error.code,
    source: error.source,
    path: formatPointer(path),
    failures: batch.failures.map((failure) => ({ path: formatPointer(failure.path), ...failure.error.toJSON() })),
  });
}
