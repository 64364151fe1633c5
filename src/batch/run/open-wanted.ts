import { isResumable } from '../../sources/resume.ts';
import type { Query } from '../../store/fetch.ts';
import type { QueryNode } from '../plan/node.ts';
import type { Live } from './live.ts';
import { openFlow } from './open-flow.ts';
import type { Opened } from './opened.ts';
import { openAhead } from './read-ahead.ts';
import type { Scope } from './scope.ts';

/** Opens a query's answer as the list or body that is wanted, once there is a place for it. */
export async function openWanted(
  node: QueryNode,
  want: 'items' | 'body',
  asked: Pick<Query, 'op' | 'params'>,
  live: Live,
  scope: Scope,
): Promise<Opened> {
  const query = { ...asked, want };
  if (want === 'items' || !scope.places) return openFlow(node, query, scope);
  const resumable = isResumable(node.source, asked.op, asked.params);
  const leave = await scope.places.enter(resumable, live, scope);
  try {
    const opened = await (resumable ? openAhead(node, asked, scope) : openFlow(node, query, scope));
    opened.onClose(leave);
    return opened;
  } catch (error) {
    leave();
    throw error;
  }
}
