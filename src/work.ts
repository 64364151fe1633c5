import { CodapError } from './errors.ts';
import { isHeld, Turns } from './turns.ts';

/** Pieces of work after which the clock is looked at. */
const UNWATCHED = 2048;

/** Steps of some work: it yields where others should have their turn, and returns what it was for. */
export type Steps<T> = Generator<void, T>;

/** Does some work without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * What one batch lets codap compute: counted in pieces (a member, a key, 64 bytes) before they are looked at, compared or copied,
 * bounded, and done in turns with others.
 */
export class Work {
  readonly #most: number;
  readonly #deadline: number;
  readonly #turns = new Turns();
  #left: number;
  #unwatched = 0;

  /** At most so many pieces; `deadline` is an instant, in `performance.now()` ms. */
  constructor(most: number, deadline: number) {
    this.#most = most;
    this.#left = most;
    this.#deadline = deadline;
  }

  /**
   * Counts pieces of work that come next; true if others should have their turn before more of it. Throws TOO_LARGE beyond the
   * bound, TIMEOUT after the deadline: while codap computes, no timer can tell.
   */
  tick(pieces = 1): boolean {
    this.#left -= pieces;
    if (this.#left < 0) throw new CodapError('TOO_LARGE', `the batch is more work than ${this.#most} pieces`);
    this.#unwatched += pieces;
    if (this.#unwatched < UNWATCHED) return false;
    this.#unwatched = 0;
    if (performance.now() >= this.#deadline) throw new CodapError('TIMEOUT', 'no answer within the time allowed');
    return isHeld();
  }

  /** Does some work, in turns with others. What is small is done at once. */
  do<T>(steps: Steps<T>): T | Promise<T> {
    if (isHeld()) return this.#goOn(steps);
    const step = steps.next();
    return step.done ? step.value : this.#goOn(steps);
  }

  /** Resolves when it is this batch's turn. */
  turn(): Promise<void> {
    return this.#turns.next();
  }

  async #goOn<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      await this.#turns.next();
      const step = steps.next();
      if (step.done) return step.value;
    }
  }
}
