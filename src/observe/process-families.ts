import { readdirSync, readFileSync, statSync } from 'node:fs';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { BOUNDS, DurationsBy } from '../budget/durations.ts';
import type { Family, Series } from './family.ts';

/**
 * What this process takes, under the names that Prometheus' libraries have for it; read from the system in
 * well under a millisecond.
 */
export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  const spaces = getHeapSpaceStatistics().map(
    ({ space_name, ...space }) => [space_name.replace(/_space$/, ''), space] as const,
  );
  return [
    counter('process_cpu_user_seconds', 'Processor time in user mode, in seconds.', user / 1e6),
    counter('process_cpu_system_seconds', 'Processor time in the kernel, in seconds.', system / 1e6),
    counter('process_cpu_seconds', 'Processor time, in seconds.', (user + system) / 1e6),
    {
      ...gauge('process_start_time_seconds', 'When it started, in seconds since 1970.', performance.timeOrigin / 1000),
      across: 'min',
    },
    gauge('process_resident_memory_bytes', 'Memory that it has in use.', rss),
    ...fromLinux(),
    gauge('nodejs_heap_size_total_bytes', 'Memory of the heap.', heapTotal),
    gauge('nodejs_heap_size_used_bytes', 'Memory of the heap that is in use.', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Memory beside the heap that objects in it hold.', external),
    labelled('nodejs_heap_space_size_total_bytes', 'Memory of a part of the heap.', 'space', {
      series: spaces.map(([name, { space_size }]): Series => [[name], [space_size]]),
    }),
    labelled('nodejs_heap_space_size_used_bytes', 'Memory of a part of the heap that is in use.', 'space', {
      series: spaces.map(([name, { space_used_size }]): Series => [[name], [space_used_size]]),
    }),
    labelled('nodejs_gc_duration_seconds', 'How long garbage collections took, by kind.', 'kind', {
      type: 'histogram',
      bounds: BOUNDS,
      series: Array.from(collections.entries(), ([labels, { numbers }]): Series => [labels, numbers]),
    }),
    {
      ...gauge('nodejs_version_info', 'The version of Node.js.', 1),
      labels: ['version', 'major', 'minor', 'patch'],
      across: 'max',
      series: [[[process.version, major, minor, patch], [1]]],
    },
  ];
}

function gauge(name: string, help: string, value: number): Family {
  return { name, help, type: 'gauge', labels: [], series: [[[], [value]]] };
}

function counter(name: string, help: string, value: number): Family {
  return { ...gauge(name, help, value), type: 'counter' };
}

function labelled(name: string, help: string, label: string, own: Partial<Family> & Pick<Family, 'series'>): Family {
  return { name, help, type: 'gauge', labels: [label], ...own };
}

/** What only Linux tells, in its files. */
function fromLinux(): readonly Family[] {
  if (process.platform !== 'linux') return [];
  const [, kilobytes = '0'] = /^VmSize:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const [, most = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  // Since Linux 6.2 the size of the folder is how many there are; before, all of it has to be read.
  const open = statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  return [
    gauge('process_virtual_memory_bytes', 'Memory that it has reserved.', Number(kilobytes) * 1024),
    gauge('process_open_fds', 'Files and connections that are open.', open),
    gauge('process_max_fds', 'How many may be.', Number(most)),
  ];
}

const KINDS = new Map<unknown, string>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

const collections = new DurationsBy();
new PerformanceObserver((list) => {
  for (const entry of list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[])
    collections.of(KINDS.get(entry.detail.kind) ?? 'other').add(entry.duration);
}).observe({ entryTypes: ['gc'] });
