import type { Metric, MetricObjectWithValues, MetricValueWithName } from '@prometheus-io/client';
// The whole of the package would load that of OpenTelemetry, too, and take 50 ms.
import Registry from '@prometheus-io/client/lib/registry.js';
import Negotiator from 'negotiator';
import { remembering } from '../budget/remember.ts';
import type { Family } from './family.ts';

/** The forms that metrics are written in, as media types; the first one unless another is asked for. */
export const FORMATS = [
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
  'text/plain; version=0.0.4; charset=utf-8',
] as const;

/** One of these. */
export type Format = (typeof FORMATS)[number];

/** How a scraper would like names that are not plain to be escaped: here all are. */
const ESCAPING = /;\s*escaping=[^\s;,]*/gi;

/**
 * The form that an `Accept` header likes best. As with any exporter, one that names neither gets one all the
 * same.
 */
export const formatFor = remembering((accept): Format => {
  const headers = accept === '' ? {} : { accept: accept.replace(ESCAPING, '') };
  const [best = FORMATS[0]] = new Negotiator({ headers }).mediaTypes([...FORMATS]);
  return best as Format;
});

/** Writes families; those without a series are left out. */
export function writeFamilies(families: readonly Family[], format: Format): Promise<string> {
  const registry = new Registry(format);
  const isOpen = format === FORMATS[0];
  for (const family of families) {
    if (family.series.length === 0) continue;
    const { help, type } = family;
    // Under OpenMetrics the library adds `_total` to a counter's series.
    const name = type === 'counter' && !isOpen ? `${family.name}_total` : family.name;
    const written = { name, help, type, values: valuesOf(family, isOpen), aggregator: 'sum' };
    // What the library asks of a metric, to write it.
    const metric = { ...written, get: () => Promise.resolve(written as unknown as Written) };
    registry.registerMetric(metric as unknown as Metric);
  }
  return registry.metrics();
}

type Written = MetricObjectWithValues<MetricValueWithName<string>>;

function valuesOf({ name, labels: names, bounds, series }: Family, isOpen: boolean): object[] {
  return series.flatMap(([values, numbers]) => {
    const labels = Object.fromEntries(names.map((label, at) => [label, values[at]!]));
    if (!bounds) return [{ labels, value: numbers[0]! }];
    const buckets = [...bounds.map((bound) => bucket(bound, isOpen)), '+Inf'].map((le, at) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: numbers[at]!,
    }));
    const count = numbers[bounds.length]!;
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: numbers[bounds.length + 1]! },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
}

/** OpenMetrics would have bounds written as floating-point numbers (§ Considerations: Canonical Numbers). */
function bucket(bound: number, isOpen: boolean): string {
  return isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
