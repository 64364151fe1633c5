import type { Family, Series } from './family.ts';

const COMBINE = {
  sum: (a: number, b: number) => a + b,
  max: Math.max,
  min: Math.min,
} as const;

/** What several processes have counted, as if one had. */
export function mergeFamilies(all: readonly (readonly Family[])[]): readonly Family[] {
  const merged = Map.groupBy(all.flat(), ({ name }) => name)
    .values()
    .map((same): Family => ({ ...same[0]!, series: mergeSeries(same) }));
  return [...merged];
}

function mergeSeries(same: readonly Family[]): readonly Series[] {
  if (same.length === 1) return same[0]!.series;
  const combine = COMBINE[same[0]!.across ?? 'sum'];
  const merged = new Map<string, Series>();
  for (const [labels, numbers] of same.flatMap(({ series }) => series)) {
    const key = JSON.stringify(labels);
    const [, others] = merged.get(key) ?? [];
    merged.set(key, [labels, others ? others.map((other, at) => combine(other, numbers[at]!)) : numbers]);
  }
  return [...merged.values()];
}

/** What is left of a process that has ended: all that only grows. */
export function leftBehind(families: readonly Family[]): readonly Family[] {
  return families.filter(({ type }) => type !== 'gauge');
}
