import type { FastifyReply } from 'fastify';
import type { Running } from '../batch/run.ts';
import type { Plan, QueryNode } from '../batch/node.ts';
import type { Payload } from '../payload.ts';

/** A media type in which the replies of any pattern can be answered. */
export interface Encoding {
  readonly mediaType: string;
  /** How it takes a query's answer; gathered unless it says otherwise. */
  readonly want?: (node: QueryNode) => Payload['kind'];
  /** Answers a batch under way; resolves once the answer is on its way or has been handed over. */
  send(running: Running, plan: Plan, reply: FastifyReply): Promise<void>;
}
