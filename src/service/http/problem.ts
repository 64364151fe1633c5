import type { FastifyReply } from 'fastify';
import { PROBLEM } from '../../encodings/media-types.ts';

/**
 * A fault told to a client (RFC 9457): a title for the kind, a detail for this case, and members of its own
 * such as `code` or `errors`.
 */
export interface Problem {
  /** The HTTP status. */
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}

/** Answers a fault, which nobody is to keep. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.status).type(PROBLEM).header('cache-control', 'no-store').send(JSON.stringify(problem));
}

/** Says how long to wait before asking again, in whole seconds, where that is known. */
export function askToWait(reply: FastifyReply, ms: number | undefined): void {
  if (ms !== undefined) reply.header('retry-after', Math.ceil(ms / 1000));
}

/** Answers that there is nothing at a path, or no such thing. */
export function sendNotFound(reply: FastifyReply, detail = 'there is nothing at this path'): void {
  sendProblem(reply, { status: 404, title: 'Not Found', detail });
}

/** Refuses a request that accepts no answer that there is. */
export function sendNotAcceptable(reply: FastifyReply, detail: string): void {
  sendProblem(reply, { status: 406, title: 'Not Acceptable', detail });
}
