import { type BucketOptions, TokenBucket } from '../budget/token-bucket.ts';

/** How much a caller may ask for: all that it likes, unless it says otherwise. */
export interface QuotaOptions {
  /** Requests a second. */
  readonly rate?: BucketOptions | undefined;
  /** Batches under way at a time. */
  readonly maxInFlight?: number | undefined;
}

/** What a caller has used of what it may ask for. */
export class Quota {
  readonly #bucket: TokenBucket | undefined;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor({ rate, maxInFlight = Infinity }: QuotaOptions = {}) {
    this.#bucket = rate && new TokenBucket(rate);
    this.#maxInFlight = maxInFlight;
  }

  /** Lets a request in and answers 0; or answers in how many milliseconds one may be let in. */
  take(now: number = performance.now()): number {
    if (!this.#bucket) return 0;
    const waitMs = this.#bucket.comesAt(now) - now;
    if (waitMs > 0) return waitMs;
    this.#bucket.take(now);
    return 0;
  }

  /** Begins a batch, and answers what ends it; undefined where too many are under way. */
  begin(): (() => void) | undefined {
    if (this.#inFlight >= this.#maxInFlight) return undefined;
    this.#inFlight += 1;
    let ended = false;
    return () => {
      if (!ended) this.#inFlight -= 1;
      ended = true;
    };
  }
}
