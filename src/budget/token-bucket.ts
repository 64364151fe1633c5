/** How fast tokens come, and how many are kept. */
export interface BucketOptions {
  /** Tokens that come each second. */
  readonly perSecond: number;
  /** Tokens that the bucket holds, full as it begins. */
  readonly burst: number;
}

/**
 * A token bucket. It needs no timer, since it knows when it will be full. Instants are those of
 * `performance.now()`, in milliseconds.
 */
export class TokenBucket {
  readonly #everyMs: number;
  readonly #burst: number;
  /** When it will be full, if nobody takes one. */
  #full = 0;

  constructor({ perSecond, burst }: BucketOptions) {
    this.#everyMs = 1000 / perSecond;
    this.#burst = burst;
  }

  /** When the token comes before which so many others go from now on: an instant, past if it is there. */
  comesAt(now: number, before = 0): number {
    return Math.max(this.#full, now) + (before + 1 - this.#burst) * this.#everyMs;
  }

  /** Takes a token that is there. */
  take(now: number): void {
    this.#full = Math.max(this.#full, now) + this.#everyMs;
  }

  /** The same for who has waited for it: that they are told late takes none from those behind them. */
  takeAwaited(now: number): void {
    this.take(now - this.#everyMs);
  }

  /** What it had no room for is lost, also for who has waited: not because they are told late. */
  overflow(now: number): void {
    this.#full = Math.max(this.#full, now);
  }
}
