import { BOUNDS, type DurationsBy } from '../budget/durations.ts';

/** One metric with all its series, as a process has it at a moment; it can be sent to another one as JSON. */
export interface Family {
  /** A counter's without `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The names of its labels. */
  readonly labels: readonly string[];
  /** Of a histogram: the upper bounds of its buckets. */
  readonly bounds?: readonly number[];
  /** What stands for the same series of several processes. Default: their sum. */
  readonly across?: 'max' | 'min';
  readonly series: readonly Series[];
}

/**
 * The values of its labels, and its value. A histogram has several: how many lay within each bound, how many
 * there were, and their sum.
 */
export type Series = readonly [labels: readonly string[], numbers: readonly number[]];

/** How many there were, and how long they took. */
export interface Timed {
  readonly counter: Pick<Family, 'name' | 'help'>;
  readonly histogram: Pick<Family, 'name' | 'help'>;
  readonly labels: readonly string[];
}

/** The two families that durations make, whose labels begin with these values. */
export function timed(
  { counter, histogram, labels }: Timed,
  durations: readonly (readonly [first: readonly string[], DurationsBy])[],
): Family[] {
  const all = durations.flatMap(([first, by]) =>
    Array.from(by.entries(), ([rest, one]) => [[...first, ...rest], one] as const),
  );
  const counts = all.map(([values, one]): Series => [values, [one.count]]);
  const buckets = all.map(([values, one]): Series => [values, one.numbers]);
  return [
    { ...counter, type: 'counter', labels, series: counts },
    { ...histogram, type: 'histogram', labels, bounds: BOUNDS, series: buckets },
  ];
}
