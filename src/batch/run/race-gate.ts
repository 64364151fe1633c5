import { CallSignal } from '../../ground/call-signal.ts';
import { notNeeded } from '../../errors.ts';
import { untilAborted } from '../../store/signals.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import { isWon } from '../plan/node.ts';
import type { Gate } from './gate.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/** The most winners of a race: so few stay open that all of its queries may be asked at once. */
const WINNERS = 2;

/** A race at a gate: its queries share one place. */
interface Race {
  readonly entered: Promise<() => void>;
  /** Aborts once none of its queries waits for the place, or has it, any more. */
  readonly left: CallSignal;
  /** How many of them do. */
  inside: number;
}

/** A gate that a race enters as one: whichever of its queries comes first, the place is there for all. */
export class RaceGate {
  readonly #gate: Gate;
  readonly #races = new Map<RunningGroup, Race>();

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** Waits for a place; resolves with what gives it back. */
  async enter({ demanded }: RunningMember, { ended, group }: Scope): Promise<() => void> {
    const run = raceOf(group);
    if (!run) return this.#gate.enter(demanded, ended);
    const race = this.#races.get(run) ?? this.#begin(run, demanded);
    race.inside += 1;
    let inside = true;
    const leave = (): void => {
      if (!inside) return;
      inside = false;
      race.inside -= 1;
      if (race.inside > 0) return;
      this.#races.delete(run);
      race.left.abort(notNeeded());
    };
    try {
      // The first one may be needed no longer while others are: each waits by its own end.
      await untilAborted(ended, () => race.entered);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** All queries of a race are demanded together, so that the first one's demand is that of all. */
  #begin(run: RunningGroup, demanded: Promise<boolean>): Race {
    const left = new CallSignal();
    const entered = this.#gate.enter(demanded, left);
    entered.then(
      (leaveGate) => whenAborted(left, leaveGate),
      () => {},
    );
    const race = { entered, left, inside: 0 };
    this.#races.set(run, race);
    return race;
  }
}

/** The race that a member of this group runs in: where one race runs in another, all of them are one. */
function raceOf(group: RunningGroup | undefined): RunningGroup | undefined {
  let race: RunningGroup | undefined;
  for (let next = group; next && (next.node.take ?? Infinity) <= WINNERS; next = next.parent) {
    race = next;
    if (!isWon(next.node) || next.node.forEach !== undefined) break;
  }
  return race;
}
