/** What became of a pattern that was cancelled. */
export interface Cancelled {
  readonly reason: unknown;
}

/** Where a signal that follows an outer one holds it; of a signal of another pattern, what that one holds. */
const OUTER = Symbol('outer');

type Following = AbortSignal & { [OUTER]?: AbortSignal };

/**
 * The signal that a pattern gives out, once somebody asks for it. It follows the outer one for good, for
 * whoever it was given to may go on when the pattern has settled. An outer signal that lives long does not
 * hold it, unless somebody still listens to it: then the runtime keeps it. One that is not the runtime's own
 * cannot be followed so: the pattern itself listens to that, until all has settled.
 *
 * It holds the outer one, which the runtime's own `any` does not: a time-out that nobody listens to any more
 * would be collected before it has passed, and what follows it would never abort.
 */
export class OwnSignal {
  readonly signal: Following;
  readonly #controller = new AbortController();

  constructor(outer: Following | undefined, cancelled: Cancelled | undefined) {
    if (cancelled) this.#controller.abort(cancelled.reason);
    const own = this.#controller.signal;
    const follows = outer instanceof AbortSignal;
    this.signal = follows ? AbortSignal.any([own, outer]) : own;
    if (follows) this.signal[OUTER] = outer[OUTER] ?? outer;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
