import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Callers } from '../../callers/callers.ts';
import { ANYONE, type KnownCaller, NOBODY } from '../../callers/known-caller.ts';
import { asksForWork } from './asks-for-work.ts';
import { type Forbidding, noteRefusal } from './note-refusal.ts';
import { askToWait, type Problem, sendProblem } from './problem.ts';
import { timesSent } from './raw-fields.ts';
import { vary } from './vary.ts';
import { whenClosed } from '../../ground/when-closed.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whoever sends no key is answered here, too: as NOBODY. */
    isOpen?: boolean;
  }
  interface FastifyRequest {
    /** Who asks. */
    caller: KnownCaller;
  }
}

/** The fields by which a caller is known. */
export const CREDENTIALS = ['Authorization', 'X-Api-Key'];
/** How one says who one is: a challenge has a parameter (RFC 6750 §3). */
export const CHALLENGE = 'Bearer realm="codap"';

/**
 * Finds out who asks, before anything else of a request is looked at: 401 for nobody who may, whether there
 * is something at the path or not; 429 for who asks too much, 403 for a batch of one's own where only saved
 * ones may be run. No body is read before that.
 */
export function identify(app: FastifyInstance, callers: Callers): void {
  app.decorateRequest('caller');
  if (!callers.areKnown) {
    app.addHook('onRequest', (request, _reply, done) => {
      request.caller = ANYONE;
      done();
    });
    return;
  }
  const letIn = (caller: KnownCaller | undefined, request: FastifyRequest, reply: FastifyReply): boolean => {
    request.caller = caller ?? NOBODY;
    if (request.routeOptions.config.isOpen) return true;
    const refusal = caller ? refusalOf(caller, request, reply) : UNKNOWN;
    if (!refusal) return true;
    const { reason, retryAfterMs, ...problem } = refusal;
    noteRefusal(request, reason);
    if (caller === undefined) reply.header('www-authenticate', CHALLENGE);
    askToWait(reply, retryAfterMs);
    sendProblem(reply, problem);
    return false;
  };
  app.addHook('onRequest', (request, reply, done) => {
    // No cache on the way may answer one caller what was for another.
    reply.header('cache-control', request.method === 'POST' ? 'no-store' : 'private');
    for (const name of CREDENTIALS) vary(reply, name);
    callerOf(request, callers)
      .then((caller) => letIn(caller, request, reply))
      .then((isIn) => (isIn ? done() : undefined), done);
  });
}

interface Refusal extends Problem {
  readonly reason: Forbidding;
  readonly retryAfterMs?: number;
}

const UNKNOWN: Refusal = { reason: 'unauthorized', status: 401 };
const OWN_BATCH: Refusal = {
  reason: 'forbidden',
  status: 403,
  detail: 'only saved batches may be run by this caller',
};

function tooMuch(reason: 'caller_rate' | 'caller_in_flight', detail: string, retryAfterMs: number): Refusal {
  const told = { detail, code: 'OVERLOADED', retryable: true };
  return { reason, status: 429, ...told, retryAfterMs };
}

/** Who sent a request; nobody, where two keys came with it: a proxy may have read the other one. */
function callerOf({ raw: { headers, rawHeaders }, log }: FastifyRequest, callers: Callers): ReturnType<Callers['of']> {
  const isTwofold = CREDENTIALS.some((name) => timesSent(rawHeaders, name.toLowerCase()) > 1);
  return isTwofold
    ? Promise.resolve(undefined)
    : callers.of(headers, (refused) => log.debug(refused, 'a token was refused'));
}

/** Why a caller's request is not let in, if it is not; one that is counts as under way until it has left. */
function refusalOf({ quota, adhoc }: KnownCaller, request: FastifyRequest, reply: FastifyReply): Refusal | undefined {
  const waitMs = quota.take();
  if (waitMs > 0) return tooMuch('caller_rate', 'this caller asks too often', waitMs);
  const { pattern, batch } = request.routeOptions.config;
  if (pattern !== undefined && batch === undefined && !adhoc) return OWN_BATCH;
  if (!asksForWork(request)) return undefined;
  const end = quota.begin();
  if (!end) return tooMuch('caller_in_flight', 'this caller has too many batches under way', 1000);
  whenClosed(reply.raw, end);
  return undefined;
}
