/** How many of the last durations count. */
const KEPT = 1000;
/** After so many new ones the percentile is worked out again; before as many are known there is none. */
const RENEWED = 100;

/** A percentile of the last 1,000 durations, in milliseconds; every hundred of them it is renewed. */
export class Percentile {
  readonly #share: number;
  readonly #kept = new Float64Array(KEPT);
  #count = 0;
  #value: number | undefined;

  /** The share of durations that are no longer than it, from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Undefined while fewer than a hundred are known. */
  get value(): number | undefined {
    return this.#value;
  }

  /** One more duration. */
  add(milliseconds: number): void {
    this.#kept[this.#count % KEPT] = milliseconds;
    this.#count += 1;
    if (this.#count % RENEWED !== 0) return;
    const sorted = this.#kept.subarray(0, this.#count).toSorted();
    this.#value = sorted[Math.floor(this.#share * sorted.length)];
  }
}
