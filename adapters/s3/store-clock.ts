import type { S3Client } from '@aws-sdk/client-s3';

/**
 * Milliseconds by which the store's clock may seem to be another one: it tells whole seconds, and its answers
 * take their time. S3 takes requests that are up to 15 minutes off (Amazon S3 API reference,
 * RequestTimeTooSkewed).
 */
const SAME_MS = 30_000;

/** The store's clock, as far as its answers have told it: what a source signs carries that time. */
export class StoreClock {
  /** How often it was set. */
  settings = 0;
  /** Milliseconds that it is ahead of this machine's. */
  #aheadMs = 0;

  /** The time at the store, in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Has a client sign by this clock, and set it by the dates of the answers that it gets. */
  keepFor({ config }: S3Client): void {
    Object.defineProperty(config, 'systemClockOffset', {
      enumerable: true,
      get: () => this.#aheadMs,
      set: (aheadMs: number) => {
        this.#set(aheadMs);
      },
    });
  }

  #set(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < SAME_MS) return;
    this.#aheadMs = Math.abs(aheadMs) < SAME_MS ? 0 : aheadMs;
    this.settings += 1;
  }
}
