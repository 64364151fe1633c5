import type { Series } from './family.ts';

/** Counts by one label, whose values are known: each begins at 0. None may come from a request. */
export class Counts<K extends string = string> {
  readonly #counts: Map<K, number>;

  constructor(values: readonly K[]) {
    this.#counts = new Map(values.map((value) => [value, 0]));
  }

  /** So many more. */
  add(value: K, count = 1): void {
    // One value that was forgotten must not make the whole scrape unreadable.
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
  }

  /** A series for each value. */
  get series(): readonly Series[] {
    return Array.from(this.#counts, ([value, count]) => [[value], [count]]);
  }
}
