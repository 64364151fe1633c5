import { CodapError, notNeeded } from '../errors.ts';

/**
 * Bytes that somebody holds, counted before they are held: against a bound of its own, and against that of
 * what it is a part of.
 */
export class Memory {
  #most: number;
  #within: Memory | undefined;
  readonly #tooMany: () => CodapError;
  #held = 0;
  #beside = 0;
  #closed = false;

  /** At most `most` bytes at once; `tooMany` makes what is thrown beyond that. */
  constructor(most: number, tooMany: () => CodapError, within?: Memory) {
    this.#most = most;
    this.#tooMany = tooMany;
    this.#within = within;
  }

  /** Allows at most so many bytes from now on; what is held already stays. */
  set most(bytes: number) {
    this.#most = bytes;
  }

  /** How many more bytes its own bound allows. */
  get left(): number {
    return this.#most - this.#held;
  }

  /** How many bytes are held. */
  get held(): number {
    return this.#held;
  }

  /**
   * Counts bytes in. Throws, with nothing counted, where they would be too many, or nobody needs them any
   * more.
   */
  hold(bytes: number): void {
    if (this.#closed) throw notNeeded();
    // Less than nothing is left once a bound has fallen below what is held: nothing more is no more.
    if (bytes > Math.max(0, this.left)) throw this.#tooMany();
    this.#within?.hold(bytes);
    this.#held += bytes;
  }

  /** Counts bytes out. */
  release(bytes: number): void {
    if (this.#closed) return;
    this.#held -= bytes;
    this.#within?.release(bytes);
  }

  /** The same for what its own bound is not meant for: it counts in what this is a part of. */
  holdBeside(bytes: number): void {
    if (this.#closed) throw notNeeded();
    this.#within?.hold(bytes);
    this.#beside += bytes;
  }

  /** Counts out what was counted in so. */
  releaseBeside(bytes: number): void {
    if (this.#closed) return;
    this.#beside -= bytes;
    this.#within?.release(bytes);
  }

  /** A part with no bound of its own: what it holds is let go of at once when it is closed. */
  part(): Memory {
    return new Memory(Infinity, this.#tooMany, this);
  }

  /** A part of the whole alone: for what several wait for, which may outlive each one of them. */
  ofAll(): Memory {
    return this.#within ? this.#within.ofAll() : this.part();
  }

  /** From now on it is a part of the whole alone, with all that it holds: somebody else waits for it, too. */
  disown(): void {
    const whole = this.#within?.ofAll();
    this.#within?.release(this.#held);
    if (whole) whole.#take(this.#held);
    this.#within = whole;
  }

  /** Counts in what the whole has held before: no bound is asked, for it may have fallen meanwhile. */
  #take(bytes: number): void {
    this.#held += bytes;
    if (this.#within) this.#within.#take(bytes);
  }

  /** Lets go of all that is held, for good: what is still being collected is not needed. */
  close(): void {
    this.release(this.#held);
    this.releaseBeside(this.#beside);
    this.#closed = true;
  }
}

/** What the whole process may hold of bodies and answers under way, in bytes; beyond it OVERLOADED. */
export function processMemory(most: number): Memory {
  return new Memory(
    most,
    () =>
      new CodapError('OVERLOADED', 'the service holds as many bytes as it may', { retryAfterMs: 1000, rejected: true }),
  );
}
