import { readdirSync, readFileSync, statSync } from 'node:fs';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { BOUNDS, DurationsBy } from '../budget/durations.ts';
import type { Family, Series } from './family.ts';

/**
 * What this process takes, under the names that Prometheus' libraries have for it; read from the system in
 * well under a millisecond.
 */
export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const heap = getHeapStatistics();
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  const spaces = getHeapSpaceStatistics().map(
    ({ space_name, ...space }) => [space_name.replace(/_space$/, ''), space] as const,
  );
  const [open, most] = [openFiles(), mostFiles()];
  return [
    counter('process_cpu_user_seconds', 'Processor time in user mode, in seconds.', user / 1e6),
    counter('process_cpu_system_seconds', 'Processor time in the kernel, in seconds.', system / 1e6),
    counter('process_cpu_seconds', 'Processor time, in seconds.', (user + system) / 1e6),
    {
      ...gauge('process_start_time_seconds', 'When it started, in seconds since 1970.', performance.timeOrigin / 1000),
      across: 'min',
    },
    gauge('process_resident_memory_bytes', 'Memory that it has in use.', residentBytes()),
    gauge('process_virtual_memory_bytes', 'Memory that it has reserved.', virtualBytes()),
    gauge('process_open_fds', 'Files and connections that are open.', open),
    gauge('process_max_fds', 'How many may be.', most),
    {
      // A process runs out of its own, however many the others have left.
      ...gauge('codap_open_fds_ratio', 'The share of these that is open.', open && most && open / most),
      across: 'max',
    },
    gauge('nodejs_heap_size_total_bytes', 'Memory of the heap.', heap.total_heap_size),
    gauge('nodejs_heap_size_used_bytes', 'Memory of the heap that is in use.', heap.used_heap_size),
    gauge('nodejs_external_memory_bytes', 'Memory beside the heap that objects in it hold.', heap.external_memory),
    labelled('nodejs_heap_space_size_total_bytes', 'Memory of a part of the heap.', 'space', {
      series: spaces.map(([name, { space_size }]): Series => [[name], [space_size]]),
    }),
    labelled('nodejs_heap_space_size_used_bytes', 'Memory of a part of the heap that is in use.', 'space', {
      series: spaces.map(([name, { space_used_size }]): Series => [[name], [space_used_size]]),
    }),
    labelled('nodejs_gc_duration_seconds', 'How long garbage collections took, by kind.', 'kind', {
      type: 'histogram',
      bounds: BOUNDS,
      series: collections.numbers,
    }),
    {
      ...gauge('nodejs_version_info', 'The version of Node.js.', 1),
      labels: ['version', 'major', 'minor', 'patch'],
      across: 'max',
      series: [[[process.version, major, minor, patch], [1]]],
    },
  ];
}

/** One of which nothing is known has no series. */
function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, help, type: 'gauge', labels: [], series: value === undefined ? [] : [[[], [value]]] };
}

function counter(name: string, help: string, value: number): Family {
  return { ...gauge(name, help, value), type: 'counter' };
}

function labelled(name: string, help: string, label: string, own: Partial<Family> & Pick<Family, 'series'>): Family {
  return { name, help, type: 'gauge', labels: [label], ...own };
}

/**
 * Asks the system for a number; where it tells none, what it told last: a file is read by a descriptor, of
 * which a process may have none left. Undefined where it has never told one, as other systems than Linux do.
 */
function told(ask: () => number): () => number | undefined {
  let last: number | undefined;
  return () => {
    try {
      last = ask();
    } catch {
      // Metrics are asked for where something is short above all.
    }
    return last;
  };
}

const residentBytes = told(() => process.memoryUsage.rss());
const virtualBytes = told(() => 1024 * numberIn('/proc/self/status', /^VmSize:\s*(\d+) kB/m));
const mostFiles = told(() => numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m));
// Since Linux 6.2 the size of the folder is how many there are; before, all of it has to be read.
const openFiles = told(() => statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length);

function numberIn(file: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(readFileSync(file, 'utf8')) ?? [];
  if (digits === undefined) throw new Error('the file has no such number');
  return Number(digits);
}

const KINDS = new Map<unknown, string>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

const collections = new DurationsBy();
let counting: PerformanceObserver | undefined;

/** From now on garbage collections are counted. */
export function countCollections(): void {
  if (counting) return;
  counting = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[])
      collections.of(KINDS.get(entry.detail.kind) ?? 'other').add(entry.duration);
  });
  counting.observe({ entryTypes: ['gc'] });
}
