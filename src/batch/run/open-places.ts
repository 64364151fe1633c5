import { isResumable } from '../../sources/resume.ts';
import type { Source } from '../../sources/open.ts';
import type { GroupNode } from '../plan/node.ts';
import { Gate } from './gate.ts';
import { RaceGate } from './race-gate.ts';
import type { RunningMember } from './running-member.ts';
import type { Flowing, Places, Scope } from './scope.ts';

/** Beginnings read ahead at a time. */
const AHEAD = 16;
/** Bodies open at a time. */
const OPEN = 2;
/** Lists of one source open before the answer has come to them. */
const LISTS_AHEAD = 1;

/** The places for what is open in a batch before it is read to its end. */
export class OpenPlaces implements Places {
  readonly #root: GroupNode;
  /** What waits here for its turn keeps no place of its source from what is read before it. */
  readonly #calls = new Map<Source, Gate>();
  readonly #lists = new Map<Source, RaceGate>();
  readonly #beginnings = new Gate(AHEAD);
  #bodies: RaceGate | undefined;

  constructor(root: GroupNode) {
    this.#root = root;
  }

  async enter(flowing: Flowing, source: Source, member: RunningMember, scope: Scope): Promise<() => void> {
    const calls = kept(this.#calls, source, () => new Gate(source.mostFlowing));
    const leaveCalls = await calls.enter(member.demanded, scope.ended);
    try {
      const leave = await this.#enter(flowing, source, member, scope);
      return () => {
        leave();
        leaveCalls();
      };
    } catch (error) {
      leaveCalls();
      throw error;
    }
  }

  #enter(flowing: Flowing, source: Source, member: RunningMember, scope: Scope): Promise<() => void> {
    if (flowing === 'beginning') return this.#beginnings.enter(member.demanded, scope.ended);
    if (flowing === 'list')
      return kept(this.#lists, source, () => new RaceGate(new Gate(Infinity, LISTS_AHEAD))).enter(member, scope);
    this.#bodies ??= new RaceGate(new Gate(hasUnordered(this.#root) && hasResumable(this.#root) ? OPEN - 1 : OPEN));
    return this.#bodies.enter(member, scope);
  }
}

function kept<T>(known: Map<Source, T>, source: Source, make: () => T): T {
  let one = known.get(source);
  if (!one) known.set(source, (one = make()));
  return one;
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
