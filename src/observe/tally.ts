import type { Steps, Work } from '../budget/work.ts';
import { type Family, seriesKey, type Series } from './family.ts';

const COMBINE = {
  sum: (a: number, b: number) => a + b,
  max: Math.max,
  min: Math.min,
} as const;

/** What several parts or processes have counted, as if one had. */
export class Tally {
  readonly #families = new Map<string, { readonly family: Family; readonly series: Map<string, Series> }>();

  /** Adds what one of them has counted, in turns with others. */
  *add(families: readonly Family[], work: Work): Steps<void> {
    for (const family of families) {
      const same = this.#families.get(family.name) ?? { family, series: new Map<string, Series>() };
      this.#families.set(family.name, same);
      const combine = COMBINE[same.family.across ?? 'sum'];
      for (const [labels, numbers] of family.series) {
        if (work.tick(numbers.length)) yield;
        const key = seriesKey(labels);
        const others = same.series.get(key)?.[1];
        same.series.set(key, [labels, others?.map((other, at) => combine(other, numbers[at]!)) ?? numbers]);
      }
    }
  }

  /** All of it. */
  get families(): readonly Family[] {
    return Array.from(this.#families.values(), ({ family, series }) => ({ ...family, series: [...series.values()] }));
  }
}
