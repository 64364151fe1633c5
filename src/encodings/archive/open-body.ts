import type { Batch } from '../../batch/run/batch.ts';
import { openFlow } from '../../batch/run/open-flow.ts';
import type { Live } from '../../batch/run/live.ts';
import type { GroupNode, QueryNode } from '../../batch/plan/node.ts';
import type { GroupRun, Opener, Scope } from '../../batch/run/scope.ts';
import { Gate } from './gate.ts';
import { isResumable } from '../../sources/resume.ts';
import { openAhead } from './read-ahead.ts';

/** Beginnings read ahead at a time. */
const AHEAD = 16;
/** Bodies open at a time. */
const OPEN = 2;

interface Gates {
  readonly ahead: Gate;
  readonly open: Gate;
  /** The places that the queries of a race share. */
  readonly races: Map<GroupRun, { entered: Promise<() => void>; inside: number }>;
}

const gates = new WeakMap<Batch, Gates>();

/** Opens the queries whose bodies go into an archive as they are. */
export function openBody(node: QueryNode): Opener | undefined {
  if (node.streams !== 'body' || node.gathered) return undefined;
  return async (query, asked, live, scope) => {
    const resumable = isResumable(query.source, query.op, asked.params);
    const leave = await enter(resumable, live, scope);
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

/** Waits for a place; resolves with what gives it back. A race starts as one: its queries share the place of the first. */
async function enter(resumable: boolean, live: Live, { batch, group }: Scope): Promise<() => void> {
  const { ahead, open, races } = gatesOf(batch, group);
  if (resumable) return ahead.enter(live.demanded, batch.ended);
  // Its winners leave so few bodies open that all of its queries may be asked at once.
  const run = (group?.node.take ?? Infinity) <= OPEN ? group : undefined;
  if (!run) return open.enter(live.demanded, batch.ended);
  let race = races.get(run);
  if (!race) {
    const entered = open.enter(
      live.demanded.then(() => false),
      batch.ended,
    );
    races.set(run, (race = { entered, inside: 0 }));
  }
  const { entered } = race;
  race.inside += 1;
  let inside = true;
  const leave = (): void => {
    if (!inside) return;
    inside = false;
    race.inside -= 1;
    if (race.inside > 0) return;
    races.delete(run);
    entered.then(
      (leaveGate) => leaveGate(),
      () => {},
    );
  };
  await entered.catch((error: unknown) => {
    leave();
    throw error;
  });
  return leave;
}

function gatesOf(batch: Batch, group: GroupRun | undefined): Gates {
  let found = gates.get(batch);
  if (!found) {
    let root = group;
    while (root?.parent) root = root.parent;
    const places = root && hasUnordered(root.node) && hasResumable(root.node) ? OPEN - 1 : OPEN;
    gates.set(batch, (found = { ahead: new Gate(AHEAD), open: new Gate(places), races: new Map() }));
  }
  return found;
}

/** Whether bodies may have to be open while another one is read: they arrived, and wait to be told. */
function hasUnordered(node: GroupNode): boolean {
  return node.pattern === 'first-reply' || node.members.some((one) => one.kind === 'group' && hasUnordered(one));
}

/** Whether there are bodies that open another time when they are read further than their beginning. */
function hasResumable(node: GroupNode): boolean {
  return node.members.some((one) =>
    one.kind === 'group'
      ? hasResumable(one)
      : one.streams === 'body' && !one.gathered && isResumable(one.source, one.op, one.params),
  );
}
