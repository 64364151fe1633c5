import type { HrTime } from '@opentelemetry/api';

/**
 * The time of day of instants (`performance.now()` ms), by one reading of the clock: spans of one batch are
 * in step with each other, as they would not be if each read it anew, in whole milliseconds.
 */
export class SpanClock {
  readonly #epochMs = Date.now() - performance.now();

  /** Seconds and nanoseconds since 1970. */
  at(instant: number): HrTime {
    const ms = this.#epochMs + instant;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
  }
}
