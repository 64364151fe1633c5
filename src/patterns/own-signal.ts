/** What became of a pattern that was cancelled. */
export interface Cancelled {
  readonly reason: unknown;
}

/**
 * The signal that a pattern gives out, once somebody asks for it. It follows the outer one for good, for
 * whoever it was given to may go on when the pattern has settled. An outer signal that lives long does not
 * hold it, unless somebody still listens to it: then the runtime keeps it. One that is not the runtime's own
 * cannot be followed so: the pattern itself listens to that, until all has settled.
 */
export class OwnSignal {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();

  constructor(outer: AbortSignal | undefined, cancelled: Cancelled | undefined) {
    if (cancelled) this.#controller.abort(cancelled.reason);
    const own = this.#controller.signal;
    this.signal = outer instanceof AbortSignal ? AbortSignal.any([own, outer]) : own;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
