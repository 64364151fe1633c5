import type { MetricObjectWithValues, MetricValueWithName, Registry } from '@prometheus-io/client';
import type { Family, Series } from './family.ts';

/**
 * Those of the library's metrics of a process that are here, under the names that other exporters use for
 * them.
 */
const KEPT: Readonly<Record<string, Family['across'] | 'sum'>> = {
  process_start_time_seconds: 'min',
  process_resident_memory_bytes: 'sum',
  process_virtual_memory_bytes: 'sum',
  process_heap_bytes: 'sum',
  process_open_fds: 'sum',
  process_max_fds: 'sum',
  nodejs_heap_size_total_bytes: 'sum',
  nodejs_heap_size_used_bytes: 'sum',
  nodejs_external_memory_bytes: 'sum',
  nodejs_heap_space_size_total_bytes: 'sum',
  nodejs_heap_space_size_used_bytes: 'sum',
  nodejs_heap_space_size_available_bytes: 'sum',
  nodejs_version_info: 'max',
  nodejs_gc_duration_seconds: 'sum',
};

/**
 * The others begin anew with each scrape, look at every open connection, or have names that `promtool`
 * refuses.
 */
async function load(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('@prometheus-io/client');
  const register = new Registry();
  // What this is for is not kept.
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: 1000 });
  for (const { name } of register.getMetricsAsArray()) if (!(name in KEPT)) register.removeSingleMetric(name);
  return register;
}

let registry: Promise<Registry> | undefined;

/**
 * What this process itself takes: processor time, memory, files, garbage collections since it was first
 * asked.
 */
export async function processFamilies(): Promise<readonly Family[]> {
  registry ??= load();
  const metrics = (await (await registry).getMetricsAsJSON()) as Collected[];
  return [...processorTime(), ...metrics.filter(({ values }) => values.length > 0).map(familyOf)];
}

/** The library would leave out what was taken before it was loaded. */
function processorTime(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const family = (name: string, help: string, micros: number): Family => {
    return { name, help, type: 'counter', labels: [], series: [[[], [micros / 1e6]]] };
  };
  return [
    family('process_cpu_user_seconds', 'Processor time spent in user mode, in seconds.', user),
    family('process_cpu_system_seconds', 'Processor time spent in the kernel, in seconds.', system),
    family('process_cpu_seconds', 'Processor time spent, in seconds.', user + system),
  ];
}

type Collected = MetricObjectWithValues<MetricValueWithName<string>>;

function familyOf({ name, help, type, values }: Collected): Family {
  const { le: _le, ...labels } = values[0]?.labels ?? {};
  const across = KEPT[name];
  return {
    name,
    help,
    type: type as Family['type'],
    labels: Object.keys(labels),
    ...(across !== 'sum' && { across }),
    ...seriesOf(values),
  };
}

/**
 * The library tells a histogram's series one after the other: its buckets, the one that holds all, sum and
 * count.
 */
function seriesOf(values: Collected['values']): Pick<Family, 'series' | 'bounds'> {
  const series = new Map<string, Series>();
  const bounds = new Set<number>();
  for (const {
    labels: { le, ...labels },
    value,
    metricName,
  } of values) {
    if (metricName?.endsWith('_count')) continue;
    if (typeof le === 'number') bounds.add(le);
    const own = Object.values(labels).map(String);
    const key = own.join();
    series.set(key, [own, [...(series.get(key)?.[1] ?? []), value]]);
  }
  return { series: [...series.values()], ...(bounds.size > 0 && { bounds: [...bounds] }) };
}
