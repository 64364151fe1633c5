import { classify, type CodapError } from '../../errors.ts';
import { CountedCall } from '../../sources/counted-call.ts';
import { isResumable } from '../../sources/resume.ts';
import type { Query } from '../../store/fetch.ts';
import { untilAborted } from '../../store/signals.ts';
import type { QueryNode } from '../plan/node.ts';
import type { RunningMember } from './running-member.ts';
import { openFlow } from './open-flow.ts';
import type { Flow } from './flow.ts';
import { openAhead } from './read-ahead.ts';
import type { Scope } from './scope.ts';

type Wanted = Query & { want: 'items' | 'body' };

/** Opens a query's answer as the list or body that is wanted, once there is a place for it. */
export function openWanted(node: QueryNode, query: Wanted, member: RunningMember, scope: Scope): Promise<Flow> {
  const call = new CountedCall(node.source.calls, query.op);
  return call.count(open(call, node, query, member, scope));
}

async function open(
  call: CountedCall,
  node: QueryNode,
  query: Wanted,
  member: RunningMember,
  scope: Scope,
): Promise<Flow> {
  const { trace } = member;
  if (!scope.places) return call.ask(() => openFlow(node, query, scope, { trace }));
  const resumable = query.want === 'body' && isResumable(node.source, query.op, query.params);
  const flowing = query.want === 'items' ? 'list' : resumable ? 'beginning' : 'body';
  const placed = (entering: Promise<() => void>) => scope.group?.untilPlaced(entering) ?? entering;
  const leave = await placed(scope.places.enter(flowing, node.source, member, scope));
  const openNow = async (after?: CodapError): Promise<Flow> => {
    const leaveItem = scope.itemPlace && (await placed(scope.itemPlace.reenter(member, scope.ended)));
    try {
      const { openBy } = member;
      return await call.ask(() => (resumable ? openAhead : openFlow)(node, query, scope, { trace, after, openBy }));
    } finally {
      leaveItem?.();
    }
  };
  try {
    const flow = await openNow().catch(async (error: unknown) => {
      const failed = performance.now();
      if (member.isDemanded || !mayPass(error, node)) throw error;
      // It keeps its place: those after it, let in one by one, would all fail before their turn.
      await untilAborted(scope.ended, () => member.demanded);
      // Where codap itself turned it away, the store was never asked: that is no retry.
      return openNow(error.rejected ? undefined : error.later(performance.now() - failed));
    });
    flow.onClose(leave);
    return flow;
  } catch (error) {
    leave();
    throw error;
  }
}

/** Whether a failure before its turn may have passed by then. A store that is too slow is so in its turn. */
function mayPass(error: unknown, { source }: QueryNode): error is CodapError {
  const kind = classify(error);
  const mayAsk = kind === 'rejected' || (kind === 'transient' && source.retries);
  return mayAsk && (error as CodapError).code !== 'TIMEOUT';
}
