import { CallSignal } from '../../call-signal.ts';
import { notNeeded, tooLate } from '../../errors.ts';
import { whenAborted } from '../../when-aborted.ts';
import type { GroupNode } from '../plan/node.ts';

/** Until when a group's members run: at most as long as what is around it, and its own time-out. */
export class GroupEnd {
  readonly signal: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  readonly #own: CallSignal | undefined;
  readonly #unlink: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(node: GroupNode, { signal, deadline }: Pick<GroupEnd, 'signal' | 'deadline'>, started: number) {
    this.deadline = Math.min(deadline, started + (node.timeoutMs ?? Infinity));
    const isSooner = this.deadline < deadline;
    if (!isSooner && node.take === undefined && !node.members.some((member) => member.required)) {
      this.signal = signal;
      return;
    }
    const own = new CallSignal();
    this.#own = own;
    this.signal = own;
    this.#unlink = whenAborted(signal, () => own.abort(signal.reason));
    if (isSooner) {
      const left = Math.max(0, this.deadline - performance.now());
      this.#timer = setTimeout(() => own.abort(tooLate()), left);
    }
  }

  /** Ends the members that still run: the group is decided. */
  cancel(): void {
    this.#own?.abort(notNeeded());
  }

  /** Lets go of the timer and of the signal around it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#unlink?.();
  }
}
