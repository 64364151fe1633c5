import type { WhenInVain } from '../store/signals.ts';
import { Line } from './line.ts';

/**
 * Those who wait for their turn: one of each caller after the other, and each caller's own first come first
 * served. Where callers have no names, all are one's.
 */
export class FairLine {
  /** A line for each caller of whom somebody waits, in the order of their turns. */
  readonly #lines = new Map<string | undefined, Line>();
  readonly #onLeave: () => void;
  #length = 0;

  /** `onLeave` hears that somebody has left who was not let in. */
  constructor(onLeave: () => void = () => {}) {
    this.#onLeave = onLeave;
  }

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** How many go before another one of this caller's, as they wait now. */
  before(caller: string | undefined): number {
    const own = this.#lines.get(caller)?.length ?? 0;
    let before = own;
    for (const [name, line] of this.#lines) if (name !== caller) before += Math.min(line.length, own + 1);
    return before;
  }

  /** Resolves when its turn comes. Rejects as the signal aborts, or with what it is turned away with. */
  wait(signal: AbortSignal, caller: string | undefined, whenInVain?: WhenInVain): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const line = this.#lines.get(caller) ?? new Line(() => this.#left(caller));
    this.#lines.set(caller, line);
    this.#length += 1;
    return line.wait(signal, whenInVain);
  }

  /** Lets the next one in, and puts the caller whose turn it was behind the others; false if nobody waits. */
  letIn(): boolean {
    for (const [caller, line] of this.#lines) {
      this.#lines.delete(caller);
      this.#length -= 1;
      line.letIn();
      if (line.length > 0) this.#lines.set(caller, line);
      return true;
    }
    return false;
  }

  /**
   * Makes room for one of this caller's: the latest of the caller who has most waiting is turned away with
   * this error. False, and nobody is, where that would leave them with fewer than this caller then has.
   */
  makeRoom(caller: string | undefined, error: () => Error): boolean {
    let most: Line | undefined;
    for (const line of this.#lines.values()) if (line.length > (most?.length ?? 0)) most = line;
    const own = this.#lines.get(caller)?.length ?? 0;
    if (!most || most.length - 1 <= own) return false;
    most.turnAway(error());
    this.#length -= 1;
    return true;
  }

  #left(caller: string | undefined): void {
    this.#length -= 1;
    if (this.#lines.get(caller)?.length === 0) this.#lines.delete(caller);
    this.#onLeave();
  }
}
