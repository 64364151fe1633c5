import type { Batch, Open } from '../../batch/batch.ts';
import { openFlow } from '../../batch/flow.ts';
import type { QueryNode } from '../../batch/node.ts';
import { Gate } from './gate.ts';
import { openAhead } from './read-ahead.ts';

/** Beginnings read ahead at a time, and bodies open beside the one that is read. */
const AHEAD = 16;
const OPEN = 1;

const gates = new WeakMap<Batch, { ahead: Gate; open: Gate }>();

/** Opens the queries whose bodies go into an archive as they are. */
export function openBody(node: QueryNode): Open | undefined {
  if (node.streams !== 'body' || node.gathered) return undefined;
  return async (query, asked, live, scope) => {
    const { batch } = scope;
    let gate = gates.get(batch);
    if (!gate) gates.set(batch, (gate = { ahead: new Gate(AHEAD), open: new Gate(OPEN) }));
    const resumable = query.source.resumable(query.op, asked.params);
    const leave = await (resumable ? gate.ahead : gate.open).enter(live.demanded, batch.ended);
    try {
      const opened = resumable
        ? await openAhead(query, asked, scope)
        : await openFlow(query, { ...asked, want: 'body' }, scope);
      opened.onClose(leave);
      return opened;
    } catch (error) {
      leave();
      throw error;
    }
  };
}
