import type { FastifyReply } from 'fastify';
import type { Plan } from '../batch/plan/node.ts';
import type { Running } from '../batch/run/run.ts';
import type { Taking } from '../batch/run/scope.ts';

/** A media type in which the replies of any pattern can be answered. */
export interface Encoding extends Taking {
  readonly mediaType: string;
  /** Why it cannot answer this plan; unless it says so, it can. */
  readonly refuses?: (plan: Plan) => string | undefined;
  /** Answers a batch under way; resolves once the answer is on its way or has been handed over. */
  send(running: Running, plan: Plan, reply: FastifyReply): Promise<void>;
}
