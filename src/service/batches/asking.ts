import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Node, Pattern, Plan } from '../../batch/plan/node.ts';
import type { Origin } from '../../batch/plan/planner.ts';
import type { Params } from '../../batch/run/batch.ts';
import type { Work } from '../../budget/work.ts';
import type { Encoding } from '../../encodings/encoding.ts';
import type { Caching } from '../http/caching.ts';

/** A batch that is asked for. */
export interface Asked {
  readonly plan: Plan;
  /** Of a saved batch. */
  readonly params?: Params;
  /** Where it is to be explained: what its plan was made of. */
  readonly origins?: ReadonlyMap<Node, Origin> | undefined;
}

/** How a request comes to its batch. */
export interface Asking {
  readonly pattern: Pattern;
  /** The name of a saved batch. */
  readonly batch?: string;
  /** The media types there are. */
  readonly mediaTypes: readonly string[];
  /** The encodings that a request takes, the one it likes best first. */
  readonly negotiate: (headers: IncomingHttpHeaders) => readonly Encoding[];
  /** How the answer may be kept; without it, it is not. */
  readonly caching?: Caching;
  /** Reads a request that was received at an instant, `performance.now()` ms. Throws BadRequest. */
  read(request: FastifyRequest, received: number, work: Work): Asked | Promise<Asked>;
}

/** Whether a request wants to know what it would do, rather than have it done. */
export function isExplained({ query }: FastifyRequest): boolean {
  return Object.hasOwn(query as object, 'explain');
}
