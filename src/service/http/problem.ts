import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { PROBLEM } from '../../encodings/media-types.ts';

/**
 * A fault told to a client (RFC 9457): a detail for this case, and members of its own such as `code` or
 * `errors`. What kind it is of its status alone tells.
 */
export interface Problem {
  /** The HTTP status. */
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}

/** What RFC 9110 calls statuses that Node knows by their names of before. */
const RENAMED: Readonly<Record<number, string>> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };

/** The name of a status. */
export function phraseOf(status: number): string {
  return RENAMED[status] ?? STATUS_CODES[status] ?? 'Error';
}

/** A fault as JSON. Without a type of its own its title is the name of its status (RFC 9457 §4.2.1). */
export function problemText({ status, ...members }: Problem): string {
  return JSON.stringify({ status, title: phraseOf(status), ...members });
}

/** Answers a fault, which nobody is to keep. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.status).type(PROBLEM).header('cache-control', 'no-store').send(problemText(problem));
}

/** Says how long to wait before asking again, in whole seconds, where that is known. */
export function askToWait(reply: FastifyReply, ms: number | undefined): void {
  if (ms !== undefined) reply.header('retry-after', Math.ceil(ms / 1000));
}

/** Answers that there is nothing at a path, or no such thing. */
export function sendNotFound(reply: FastifyReply, detail = 'there is nothing at this path'): void {
  sendProblem(reply, { status: 404, detail });
}

/** Refuses a request that accepts no answer that there is. */
export function sendNotAcceptable(reply: FastifyReply, detail: string): void {
  sendProblem(reply, { status: 406, detail });
}

/** Answers that what there is now is not what a request is bound to. */
export function sendChanged(reply: FastifyReply): void {
  sendProblem(reply, { status: 412, detail: 'the answer is not the one that If-Match or If-Unmodified-Since names' });
}
