import type { FastifyReply } from 'fastify';
import type { Open } from '../batch/run/batch.ts';
import type { Plan, QueryNode } from '../batch/plan/node.ts';
import type { Running } from '../batch/run/run.ts';

/** A media type in which the replies of any pattern can be answered. */
export interface Encoding {
  readonly mediaType: string;
  /** Why it cannot answer this plan; unless it says so, it can. */
  readonly refuses?: (plan: Plan) => string | undefined;
  /** How it opens a query's answer that it does not take gathered. */
  readonly open?: (node: QueryNode) => Open | undefined;
  /** Answers a batch under way; resolves once the answer is on its way or has been handed over. */
  send(running: Running, plan: Plan, reply: FastifyReply): Promise<void>;
}
