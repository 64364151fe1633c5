/**
 * When a call has to be there: an instant, in `performance.now()` ms. Where several wait for one call it
 * grows as others join, so whoever keeps it looks again once it has passed.
 */
export type Deadline = number | Growing;

/** A deadline that may become a later one, but none beyond its `latest`. */
interface Growing {
  /** What it is by now. */
  readonly instant: number;
  /** A store is told this instant, because it is told only once. */
  readonly latest: number;
}

/** The latest of the deadlines of all who wait for one call. */
export class GrowingDeadline implements Growing {
  readonly latest: number;
  #instant: number;

  constructor(instant: number, latest: number) {
    this.#instant = Math.min(instant, latest);
    this.latest = latest;
  }

  get instant(): number {
    return this.#instant;
  }

  /** One more waits for the call, until then. */
  extend(instant: number): void {
    this.#instant = Math.min(Math.max(this.#instant, instant), this.latest);
  }
}

/** The instant that a deadline is by now. */
export function instantOf(deadline: Deadline): number {
  return typeof deadline === 'number' ? deadline : deadline.instant;
}

/** The latest instant that a deadline may become. */
export function latestOf(deadline: Deadline): number {
  return typeof deadline === 'number' ? deadline : deadline.latest;
}

/** The latest of several deadlines, also while they grow. */
export function latestAmong(deadlines: readonly Deadline[]): Deadline {
  return {
    get instant() {
      return Math.max(...deadlines.map(instantOf));
    },
    latest: Math.max(...deadlines.map(latestOf)),
  };
}
