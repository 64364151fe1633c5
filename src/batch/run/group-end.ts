import { atInstant } from '../../ground/at-instant.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { notNeeded, tooLate } from '../../errors.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import type { GroupNode } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { Failure } from './reply.ts';

/** Until when a group's members run: at most as long as what is around it, and its own time-out. */
export class GroupEnd {
  readonly signal: AbortSignal;
  /** Aborts once they are not needed, whatever their deadline. */
  readonly ended: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  readonly #whole: Batch | undefined;
  readonly #own: { readonly signal: CallSignal; readonly ended: CallSignal } | undefined;
  readonly #unlink: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout | undefined;

  /** `whole`: the batch whose failure that of this group is. */
  constructor(
    node: GroupNode,
    { signal, ended, deadline }: Pick<GroupEnd, 'signal' | 'ended' | 'deadline'>,
    started: number,
    whole: Batch | undefined,
  ) {
    this.#whole = whole;
    this.deadline = Math.min(deadline, started + (node.timeoutMs ?? Infinity));
    const isSooner = this.deadline < deadline;
    if (!isSooner && node.take === undefined && !node.members.some((member) => member.required)) {
      this.signal = signal;
      this.ended = ended;
      return;
    }
    const own = { signal: new CallSignal(), ended: new CallSignal() };
    this.#own = own;
    this.signal = own.signal;
    this.ended = own.ended;
    this.#unlink.push(
      whenAborted(signal, () => own.signal.abort(signal.reason)),
      whenAborted(ended, () => own.ended.abort(ended.reason)),
    );
    if (isSooner) this.#timer = atInstant(this.deadline, () => own.signal.abort(tooLate()));
  }

  /** Ends the members that still run, for the group is decided; where it has failed, by this. */
  cancel(failure?: Failure): void {
    if (failure) this.#whole?.decide(failure);
    this.#own?.signal.abort(notNeeded());
    this.#own?.ended.abort(notNeeded());
  }

  /** Lets go of the timer and of the signal around it. */
  close(): void {
    clearTimeout(this.#timer);
    for (const unlink of this.#unlink) unlink();
  }
}
