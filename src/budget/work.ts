import { CodapError, tooLate } from '../errors.ts';
import type { Memory } from './memory.ts';
import { isLoopHeld, Turns } from './turns.ts';

/** Pieces of work after which the clock is looked at. */
const UNWATCHED = 2048;
/** The same after the deadline: very many queries may each still try. */
const LATE = 64;

/** Steps of some work: it yields where others should have their turn, and returns what it was for. */
export type Steps<T> = Generator<void, T, void>;

/** Does some work without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Steps that go on no more after an instant (`performance.now()` ms): they throw what `late` makes, a
 * TIMEOUT. Where they go on no more, what they have begun ends, too: what it counted is let go of.
 */
export function* endingBy<T>(steps: Steps<T>, deadline: number, late = tooLate): Steps<T> {
  try {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      yield;
      if (performance.now() >= deadline) throw late();
    }
  } finally {
    steps.return(undefined as T);
  }
}

/**
 * What one batch lets codap compute: counted in pieces (a member, a key, 64 bytes) before they are looked at,
 * compared or copied, bounded, and done in turns with others. Beside that, where the memory counts of what it
 * opens.
 */
export class Work {
  readonly #most: number;
  #turns: Turns | undefined;
  /** Of a part: what it counts in, and has the turns of. */
  #owner: Work | undefined;
  #left: number;
  #unwatched = 0;
  #isLate = false;
  #deadline = Infinity;
  #ended: AbortSignal | undefined;
  #memory: Memory | undefined;

  /** At most so many pieces. */
  constructor(most: number, memory?: Memory) {
    this.#most = most;
    this.#left = most;
    this.#memory = memory;
  }

  /** From now on what it opens counts there. */
  opensIn(memory: Memory): this {
    this.#memory = memory;
    return this;
  }

  /**
   * Counts bytes that data takes which a text is opened as: beside the bytes of the text, and until the batch
   * is answered or `drops` is told. Throws OVERLOADED where the process has no room for them.
   */
  opens(bytes: number): void {
    if (this.#owner) this.#owner.opens(bytes);
    else this.#memory?.holdBeside(bytes);
  }

  /** Counts out what was opened in vain, or is needed no more. */
  drops(bytes: number): void {
    if (this.#owner) this.#owner.drops(bytes);
    else this.#memory?.releaseBeside(bytes);
  }

  /** From now on it ends at an instant (`performance.now()` ms), and when nobody waits for it any more. */
  endsBy(deadline: number, ended?: AbortSignal): this {
    this.#deadline = deadline;
    this.#ended = ended;
    return this;
  }

  /** A part, which counts as the whole does, in its turns, until it is disowned. */
  part(): Work {
    const part = new Work(Infinity);
    part.#owner = this;
    return part;
  }

  /** From now on it counts in nobody's name, in turns of its own, without end: somebody else waits for it. */
  disown(): void {
    this.#owner = undefined;
  }

  /**
   * Counts pieces of work that come next; true if others should have their turn before more of it. Throws
   * TOO_LARGE beyond the bound, TIMEOUT after the deadline: while codap computes, no timer can tell.
   */
  tick(pieces = 1): boolean {
    if (this.#owner) return this.#owner.tick(pieces);
    this.#left -= pieces;
    if (this.#left < 0) throw new CodapError('TOO_LARGE', `the batch takes more than ${this.#most} pieces of work`);
    this.#unwatched += pieces;
    if (this.#unwatched < (this.#isLate ? LATE : UNWATCHED)) return false;
    this.#unwatched = 0;
    this.#isLate = performance.now() >= this.#deadline;
    if (this.#isLate) throw tooLate();
    return isLoopHeld();
  }

  /**
   * Does some work, in turns with others. What is small is done at once, also where others are served first
   * but the deadline has passed: then it only remains to tell what has come of each query, and very many of
   * them would each wait for a turn. A part of it ends with the `signal` of what it is for.
   */
  do<T>(steps: Steps<T>, signal?: AbortSignal): T | Promise<T> {
    if (isLoopHeld() && performance.now() < this.#end) return this.#goOn(steps, signal);
    const step = steps.next();
    return step.done ? step.value : this.#goOn(steps, signal);
  }

  /** Resolves when it is this batch's turn. Rejects if nobody waits any more, as a part's `signal` tells. */
  turn(signal?: AbortSignal): Promise<void> {
    return this.#line.next(signal ? { ended: signal } : this);
  }

  /** Aborts when nobody waits for it any more. */
  get ended(): AbortSignal | undefined {
    return this.#owner ? this.#owner.ended : this.#ended;
  }

  get #line(): Turns {
    return this.#owner ? this.#owner.#line : (this.#turns ??= new Turns());
  }

  get #end(): number {
    return this.#owner ? this.#owner.#end : this.#deadline;
  }

  async #goOn<T>(steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      for (;;) {
        await this.turn(signal);
        const step = steps.next();
        if (step.done) return step.value;
      }
    } finally {
      // What goes on no more lets go of what it has counted.
      steps.return(undefined as T);
    }
  }
}
