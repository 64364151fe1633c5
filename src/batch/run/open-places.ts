import { isResumable } from '../../sources/resume.ts';
import type { GroupNode } from '../plan/node.ts';
import { Gate } from './gate.ts';
import type { RunningMember } from './running-member.ts';
import type { RunningGroup } from './running-group.ts';
import type { Places, Scope } from './scope.ts';

/** Beginnings read ahead at a time. */
const AHEAD = 16;
/** Bodies open at a time. */
const OPEN = 2;

/** The places for open bodies in a batch whose bodies are read one after the other. */
export class OpenPlaces implements Places {
  readonly #ahead = new Gate(AHEAD);
  readonly #open: Gate;
  /** The places that the queries of a race share. */
  readonly #races = new Map<RunningGroup, { entered: Promise<() => void>; inside: number }>();

  constructor(root: GroupNode) {
    this.#open = new Gate(hasUnordered(root) && hasResumable(root) ? OPEN - 1 : OPEN);
  }

  /** A race starts as one: its queries share the place of the first. */
  async enter(resumable: boolean, member: RunningMember, { ended, group }: Scope): Promise<() => void> {
    if (resumable) return this.#ahead.enter(member.demanded, ended);
    // Its winners leave so few bodies open that all of its queries may be asked at once.
    const run = (group?.node.take ?? Infinity) <= OPEN ? group : undefined;
    if (!run) return this.#open.enter(member.demanded, ended);
    let race = this.#races.get(run);
    if (!race) {
      const entered = this.#open.enter(member.demanded, ended);
      this.#races.set(run, (race = { entered, inside: 0 }));
    }
    const { entered } = race;
    race.inside += 1;
    let inside = true;
    const leave = (): void => {
      if (!inside) return;
      inside = false;
      race.inside -= 1;
      if (race.inside > 0) return;
      this.#races.delete(run);
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
