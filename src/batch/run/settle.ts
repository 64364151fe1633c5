import { type CodapError, toCodapError } from '../../errors.ts';
import { rescue } from '../modifiers/apply-modifiers.ts';
import type { Node } from '../plan/node.ts';
import type { Live } from './live.ts';
import { failed, firstFailure, type Reply } from './reply.ts';
import type { Scope } from './scope.ts';

/** A reply that failed. */
export function failure(error: CodapError, started: number): Reply {
  return { status: 'error', error, ms: performance.now() - started };
}

/** A `default` stands in for a failure, but for work that is not needed any more. */
export function withDefault(node: Node, reply: Reply, { batch }: Scope): Reply {
  if (!reply.error || reply.error.code === 'CANCELLED' || !node.isRescued) return reply;
  try {
    return { ...reply, status: 'ok', value: rescue(node, batch), defaulted: true };
  } catch (error) {
    return { ...reply, status: 'error', error: toCodapError(error) };
  }
}

/** Ends one member: tells the batch of a failure, then whoever waits for it. */
export function settle(live: Live, reply: Reply, scope: Scope): void {
  try {
    tellBatch(live, reply, scope);
  } finally {
    live.settle(reply);
  }
}

/**
 * Tells the batch of a failure. A group's members have told of theirs, but for those that its `take` or
 * `default` was to absorb and did not.
 */
function tellBatch({ node, path }: Live, reply: Reply, { batch, absorbed }: Scope): void {
  const error = failed(reply) ? reply.error : undefined;
  if (error && !reply.list) batch.note({ path, error });
  else if (reply.error && !reply.list) batch.log({ path, error: reply.error });
  if (!batch.options.failFast || absorbed) return;
  if (error) batch.decide({ path, error });
  else if (reply.status === 'partial' && node.isRescued) {
    const first = reply.list && firstFailure(reply.list);
    if (first) batch.decide(first);
  }
}
