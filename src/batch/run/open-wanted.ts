import { isResumable } from '../../sources/resume.ts';
import type { Query } from '../../store/fetch.ts';
import type { QueryNode } from '../plan/node.ts';
import type { RunningMember } from './running-member.ts';
import { openFlow } from './open-flow.ts';
import type { Flow } from './flow.ts';
import { openAhead } from './read-ahead.ts';
import type { Scope } from './scope.ts';

/** Opens a query's answer as the list or body that is wanted, once there is a place for it. */
export async function openWanted(
  node: QueryNode,
  query: Query & { want: 'items' | 'body' },
  member: RunningMember,
  scope: Scope,
): Promise<Flow> {
  const { trace } = member;
  // An item that waited here would keep others from starting, which also gather, by the batch's deadline.
  const mayWait = query.want === 'body' || !scope.isWithinItem;
  if (!scope.places || !mayWait) return openFlow(node, query, scope, { trace });
  const resumable = query.want === 'body' && isResumable(node.source, query.op, query.params);
  const flowing = query.want === 'items' ? 'list' : resumable ? 'beginning' : 'body';
  const entering = scope.places.enter(flowing, node.source, member, scope);
  const leave = await (scope.group?.untilPlaced(entering) ?? entering);
  try {
    const flow = await (resumable ? openAhead(node, query, scope, trace) : openFlow(node, query, scope, { trace }));
    flow.onClose(leave);
    return flow;
  } catch (error) {
    leave();
    throw error;
  }
}
