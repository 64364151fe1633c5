import type { Gate } from './gate.ts';
import type { RunningMember } from './running-member.ts';
import { flows, type Taking } from './taking.ts';

/**
 * The place of a forEach's item among `concurrency`. It keeps it until all that it gathers is there, and
 * takes one again while something of it is opened: what only waits for its turn leaves it to others, whose
 * deadline does not wait.
 */
export class ItemPlace {
  readonly #gate: Gate;
  readonly #member: RunningMember;
  readonly #ended: AbortSignal;
  #isKept = false;

  /** `ended` aborts once nobody needs the item. */
  constructor(gate: Gate, member: RunningMember, ended: AbortSignal) {
    this.#gate = gate;
    this.#member = member;
    this.#ended = ended;
  }

  /** Runs the item once there is a place, and keeps it for what the item gathers. */
  async run<T>(start: () => Promise<T>, wants: Taking['wants']): Promise<T> {
    // Of what nobody needs any more the item itself tells.
    const leave = await this.#enter(this.#member, this.#ended).catch(() => () => {});
    this.#isKept = true;
    try {
      const running = start();
      // That codap itself has failed is heard at once.
      await Promise.race([whenGathered(this.#member, wants), running]);
      return running;
    } finally {
      this.#isKept = false;
      leave();
    }
  }

  /** Takes it while something of the item is opened; resolves with what gives it back. */
  async reenter(member: RunningMember, ended: AbortSignal): Promise<() => void> {
    return this.#isKept ? () => {} : this.#enter(member, ended);
  }

  #enter({ demanded }: RunningMember, ended: AbortSignal): Promise<() => void> {
    // Nobody keeps such a place until others are told: what is told together with them can wait for one, too.
    return this.#gate.enter(
      demanded.then(() => false),
      ended,
    );
  }
}

/** Resolves once all that a member gathers is there, as far as that waits for nothing that flows. */
async function whenGathered(member: RunningMember, wants: Taking['wants']): Promise<void> {
  const { node, each } = member;
  if (!flows(node, wants)) return void (await member.reply);
  // What is gathered in a race with `hedgeMs` may begin only after what flows there, which waits for a turn.
  if (!each && (node.kind === 'query' || node.hedgeMs !== undefined)) return;
  const container = await member.container;
  await Promise.all(container?.members.map((one) => whenGathered(one, wants)) ?? []);
}
