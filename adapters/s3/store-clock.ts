import type { S3Client } from '@aws-sdk/client-s3';
import { s3Failure } from './failure.ts';

/**
 * Milliseconds by which the store's clock may seem to be another one: it tells whole seconds, and its answers
 * take their time. S3 takes requests that are up to 15 minutes off (Amazon S3 API reference,
 * RequestTimeTooSkewed).
 */
const SAME_MS = 30_000;

/** The store's clock, as far as its answers have told it: what a source signs carries that time. */
export class StoreClock {
  /** How often it was set. */
  #settings = 0;
  /** Milliseconds that it is ahead of this machine's. */
  #aheadMs = 0;

  /** The time at the store, in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /**
   * Has a client sign by this clock, and set it by the dates of the answers that it gets. What is refused
   * while it is set was signed by the wrong time, and is sent once more.
   */
  keepFor({ config, middlewareStack }: S3Client): void {
    Object.defineProperty(config, 'systemClockOffset', {
      enumerable: true,
      get: () => this.#aheadMs,
      set: (aheadMs: number) => {
        this.#set(aheadMs);
      },
    });
    middlewareStack.addRelativeTo(
      <T, R>(next: (request: T) => Promise<R>) =>
        async (request: T): Promise<R> => {
          const settings = this.#settings;
          try {
            return await next(request);
          } catch (error) {
            if (this.#settings === settings || s3Failure(error).code !== 'FORBIDDEN') throw error;
            return next(request);
          }
        },
      { name: 'signedByTheClock', relation: 'before', toMiddleware: 'retryMiddleware' },
    );
  }

  #set(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < SAME_MS) return;
    this.#aheadMs = Math.abs(aheadMs) < SAME_MS ? 0 : aheadMs;
    this.#settings += 1;
  }
}
