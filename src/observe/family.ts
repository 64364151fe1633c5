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

/** Whether it tells how something stands: what has ended has left nothing of it. */
export function isGauge({ type }: Family): boolean {
  return type === 'gauge';
}

const keys = new WeakMap<Series[0], string>();

/** What tells a series of a family from its others: made once where its labels are the same list. */
export function seriesKey(labels: Series[0]): string {
  let key = keys.get(labels);
  if (key === undefined) keys.set(labels, (key = JSON.stringify(labels)));
  return key;
}

/** How many there were, and how long they took. */
export interface Timed {
  readonly counter: Pick<Family, 'name' | 'help'>;
  readonly histogram: Pick<Family, 'name' | 'help'>;
  readonly labels: readonly string[];
}

/** The two families that durations make. */
export function durationFamilies({ counter, histogram, labels }: Timed, durations: readonly DurationsBy[]): Family[] {
  const all = (which: 'counts' | 'numbers'): readonly Series[] =>
    durations.length === 1 ? durations[0]![which] : durations.flatMap((one) => one[which]);
  return [
    { ...counter, type: 'counter', labels, series: all('counts') },
    { ...histogram, type: 'histogram', labels, bounds: BOUNDS, series: all('numbers') },
  ];
}
