import type { Series } from './family.ts';

/** Counts by one label, all of whose values are known: each begins at 0. */
export class Counts<K extends string = string> {
  readonly #counts: Map<K, number>;

  constructor(values: readonly K[]) {
    this.#counts = new Map(values.map((value) => [value, 0]));
  }

  /** So many more. */
  add(value: K, count = 1): void {
    this.#counts.set(value, this.#counts.get(value)! + count);
  }

  /** A series for each value. */
  get series(): readonly Series[] {
    return Array.from(this.#counts, ([value, count]) => [[value], [count]]);
  }
}
