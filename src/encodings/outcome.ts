import type { FastifyReply } from 'fastify';
import type { Batch, Failure } from '../batch/run/batch.ts';
import { formatPointer } from '../json/pointer.ts';
import { tenths } from '../batch/run/reply.ts';
import { sendProblem } from '../service/http/problem.ts';

/** How long after the batch's deadline an answer without a first byte waits for its queries' own time-outs, which know more, in milliseconds. */
export const GRACE_MS = 10;

/** What a promise comes to, or `'late'` once the instant (`performance.now()` ms) has passed. */
export function beforeDeadline<T>(promise: Promise<T>, instant: number): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('late'), Math.max(0, instant - performance.now()));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What a gathered answer tells in its headers: whether it is complete, and how long each source took. */
export function summaryHeaders(batch: Batch, complete: boolean, ms = 0): Record<string, string> {
  const timings = [...batch.timings].map(([source, took]) => `${source};dur=${tenths(took)}`);
  return { 'codap-complete': String(complete), 'server-timing': [...timings, `total;dur=${tenths(ms)}`].join(', ') };
}

/** Answers a batch that failed as a whole: the status of the failure that decided it, and all that was known by then. */
export function sendFailed(batch: Batch, reply: FastifyReply, ms?: number): void {
  const { path, error } = batch.decidedBy as Failure;
  reply.headers(summaryHeaders(batch, false, ms));
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
  sendProblem(reply, {
    status: error.http,
    title: 'The batch failed',
    detail: error.message,
    code: error.code,
    source: error.source,
    path: formatPointer(path),
    failures: batch.failures.map((failure) => ({ path: formatPointer(failure.path), ...failure.error.toJSON() })),
  });
}
