import { CallSignal } from '../../ground/call-signal.ts';
import { notNeeded, type CodapError } from '../../errors.ts';
import { type InParts, readBeginning, resumed } from '../../sources/resume.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import type { QueryNode } from '../plan/node.ts';
import { openFlow, type Opening } from './open-flow.ts';
import { Flow } from './flow.ts';
import type { Scope } from './scope.ts';
import type { Query } from '../../store/fetch.ts';

/** Bytes read ahead of each coming body. */
export const BEGINNING = 64 * 1024;

/**
 * A body whose beginning is read by range, so that it holds no connection while it waits for its turn, and
 * whose rest, if any, is asked for when somebody reads that far.
 */
export async function openAhead(
  node: QueryNode,
  query: Query,
  scope: Scope,
  { after, trace, openBy }: Omit<Opening, 'closed'>,
): Promise<Flow> {
  const { source } = node;
  const { ended } = scope;
  let opened: Flow | undefined;
  const body: InParts<Flow> = {
    source,
    query,
    open: async (query, closed, after) => {
      // The rest is asked for while it is read.
      const time = closed ? { closed } : { openBy };
      return (opened = await openFlow(node, query, scope, { ...time, after, trace }));
    },
  };
  const held = scope.batch.memory.part();
  const unlink = whenAborted(ended, () => opened?.break(ended.reason as CodapError));
  const beginning = await readBeginning(body, BEGINNING, held, after)
    .catch((error: unknown) => {
      held.close();
      throw error;
    })
    .finally(unlink);
  if (beginning instanceof Flow) return beginning;
  const closed = new CallSignal();
  const payload = resumed(body, beginning, closed);
  return new Flow(payload, source.name, scope.batch.options.limits, () => {
    held.close();
    closed.abort(notNeeded());
  });
}
