import { type CodapError, toCodapError } from '../../errors.ts';
import { rescue } from '../modifiers/apply-modifiers.ts';
import type { Node } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import { failed, firstFailure, type Reply } from './reply.ts';
import type { Container, RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/** A reply that failed. */
export function failure(error: CodapError, started: number): Reply {
  return { status: 'error', error, ms: performance.now() - started };
}

/** How a query or group ends for which this was thrown. */
export function failedBy(thrown: unknown, node: Node, started: number, scope: Scope): Reply {
  const error = toCodapError(thrown);
  const known = node.kind === 'query' ? error.from(node.source.name) : error;
  return withDefault(node, failure(known, started), scope);
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

/** A member has opened, or failed to: tells the batch of a failure, then whoever waits for it. */
export function opened(member: RunningMember, reply: Reply, scope: Scope): RunningMember {
  try {
    tellBatch(member, reply, scope);
  } finally {
    member.open(reply);
  }
  return member;
}

/**
 * The answer has read a member to its end: tells the batch of what broke meanwhile, then what the member
 * stands in.
 */
export function closed(member: RunningMember, reply: Reply, within: Container, batch: Batch): void {
  const { path, settled } = member;
  member.closed = reply;
  // Of what broke within a group, its members have told.
  if (reply.error && !reply.list && settled?.status === 'ok' && failed(reply))
    batch.broke({ path, error: reply.error });
  within.closed?.(member);
}

/**
 * Tells the batch of a failure. A group's members have told of theirs, but for those that its `take` or
 * `default` was to absorb and did not.
 */
function tellBatch({ node, path }: RunningMember, reply: Reply, { batch, absorbed }: Scope): void {
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
