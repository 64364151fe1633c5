import { isWon } from '../plan/node.ts';
import type { Gate } from './gate.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/** The most winners of a race: so few stay open that all of its queries may be asked at once. */
const WINNERS = 2;

/** A gate that a race enters as one: its queries share the place of the first. */
export class RaceGate {
  readonly #gate: Gate;
  readonly #races = new Map<RunningGroup, { entered: Promise<() => void>; inside: number }>();

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** Waits for a place; resolves with what gives it back. */
  async enter({ demanded }: RunningMember, { ended, group }: Scope): Promise<() => void> {
    const run = raceOf(group);
    if (!run) return this.#gate.enter(demanded, ended);
    let race = this.#races.get(run);
    if (!race) {
      const entered = this.#gate.enter(demanded, ended);
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

/** The race that a member of this group runs in: where one race runs in another, all of them are one. */
function raceOf(group: RunningGroup | undefined): RunningGroup | undefined {
  let race: RunningGroup | undefined;
  for (let next = group; next && (next.node.take ?? Infinity) <= WINNERS; next = next.parent) {
    race = next;
    if (!isWon(next.node) || next.node.forEach !== undefined) break;
  }
  return race;
}
