import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Counts } from '../../src/observe/counts.ts';
import { BOUNDS, Durations, DurationsBy } from '../../src/budget/durations.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { FORMATS, type Format, writeFamilies } from '../../src/observe/exposition.ts';
import type { Family, Series } from '../../src/observe/family.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { processFamilies } from '../../src/observe/process-families.ts';
import { sharing } from '../../src/observe/scrape.ts';
import { Tally } from '../../src/observe/tally.ts';
import type { Layer } from '../../src/sources/layer.ts';
import { readMetrics, valueIn } from './open-metrics.ts';

const work = new Work(Infinity);

/** What several processes have counted, as one. */
function mergeFamilies(all: readonly (readonly Family[])[]): readonly Family[] {
  const tally = new Tally();
  for (const families of all) atOnce(tally.add(families, work));
  return tally.families;
}

const written = (families: readonly Family[], format: Format): string =>
  String(atOnce(writeFamilies(families, format, work)));

const allOf = (metrics: Metrics): readonly Family[] => [...metrics.families, ...processFamilies()];

const gauge = (across?: 'max' | 'min', ...values: number[]): Family[] =>
  values.map((value) => ({
    name: 'a',
    help: 'A.',
    type: 'gauge',
    labels: ['of'],
    ...(across && { across }),
    series: [[['x'], [value]]],
  }));

it('counts begin at 0, of a value that nobody has named before, too', () => {
  const counts = new Counts<string>(['a']);
  counts.add('b', 2);
  counts.add('b');
  expect(counts.series).toEqual([
    [['a'], [0]],
    [['b'], [3]],
  ]);
});

describe('durations', () => {
  it('are counted up to the first bound that they do not exceed, and beyond the last', () => {
    const durations = new Durations();
    for (const ms of [0, 0.5, 0.51, 30_000, 30_001]) durations.add(ms);
    const { numbers } = durations;
    expect(numbers.slice(0, 3)).toEqual([2, 3, 3]);
    expect(numbers.slice(BOUNDS.length - 2)).toEqual([3, 4, 5, expect.closeTo(60.00201)]);
  });

  it('are told apart by every label', () => {
    const by = new DurationsBy();
    by.of('find', 'ok').add(1);
    by.of('find', 'ok').add(1);
    by.of('find', 'TIMEOUT').add(1);
    by.of('', 'ok').add(1);
    expect(by.counts.map(([labels, [count]]) => [...labels, count])).toEqual([
      ['find', 'ok', 2],
      ['find', 'TIMEOUT', 1],
      ['', 'ok', 1],
    ]);
  });
});

describe('what several processes have counted', () => {
  it.each([
    [undefined, 6],
    ['max', 3],
    ['min', 1],
  ] as const)('is one series, across %s', (across, value) => {
    const merged = mergeFamilies(gauge(across, 3, 1, 2).map((family) => [family]));
    expect(merged.map(({ series }) => series)).toEqual([[[['x'], [value]]]]);
  });

  it('keeps the series apart that differ in a label, whatever its value is', () => {
    const family = (...values: string[]): Family => ({
      ...gauge(undefined, 1)[0]!,
      labels: ['a', 'b'],
      series: [[values, [1]]],
    });
    const merged = mergeFamilies([[family('a,b', 'c')], [family('a', 'b,c')], [family('a"', 'b')]]);
    expect(merged[0]?.series).toHaveLength(3);
  });

  it('is as one would have counted it', () => {
    const [one, other, both] = [0, 1, 2].map(() => new Metrics([], ['a'], () => 0)) as [Metrics, Metrics, Metrics];
    for (let ms = 0; ms < 100; ms += 1) {
      (ms % 3 === 0 ? one : other).batch('kv', '', 'complete', '', ms);
      both.batch('kv', '', 'complete', '', ms);
    }
    expect(mergeFamilies([one.families, other.families])).toEqual(both.families);
  });
});

describe('what is written', () => {
  const layer = (name: string, state: Record<string, number>): Layer => ({
    name,
    wrap: (next) => next,
    state: () => state,
  });
  const layers = [
    layer('retry', { retries: 1 }),
    layer('hedge', { hedges: 2 }),
    layer('coalesce', { coalesced: 3 }),
    layer('merge', { merged: 4 }),
    layer('cache', { hit: 5, stale: 6, miss: 7, bytes: 8, entries: 9 }),
    layer('breaker', { open: 1 }),
    layer('rate', { queued: 100 }),
    layer('limit', { running: 10, queued: 11, limit: 12 }),
  ];

  it('has what every layer counts', () => {
    const metrics = new Metrics([{ name: 'shop', calls: new DurationsBy(), layers }], [], () => 0);
    const families = readMetrics(written(allOf(metrics), FORMATS[0]));
    const source = { source: 'shop' };
    const values = [
      ['codap_retries_total', source],
      ['codap_hedges_total', source],
      ['codap_coalesced_total', source],
      ['codap_merged_total', source],
      ['codap_cache_total', { ...source, result: 'hit' }],
      ['codap_cache_total', { ...source, result: 'stale' }],
      ['codap_cache_total', { ...source, result: 'miss' }],
      ['codap_breaker_open', source],
      ['codap_source_running', source],
      ['codap_source_queued', source],
      ['codap_source_limit', source],
    ] as const;
    expect(values.map(([name, labels]) => valueIn(families, name, labels))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 1, 10, 111, 12,
    ]);
  });

  it.each(FORMATS)('holds any label, and a histogram of many, in either form: %s', (format) => {
    const calls = new DurationsBy('shop');
    for (const op of ['a', 'b"\\\n', '{}', 'ü']) for (const code of ['ok', 'TIMEOUT']) calls.of(op, code).add(3);
    const metrics = new Metrics([{ name: 'shop', calls, layers: [] }], [], () => 0);
    const families = readMetrics(written(allOf(metrics), format), { classic: format === FORMATS[1] });
    expect(valueIn(families, 'codap_calls_total', { op: 'b"\\\n', code: 'ok' })).toBe(1);
    expect(families.get('codap_call_seconds')?.samples).toHaveLength(8 * (BOUNDS.length + 3));
  });

  it('has names that Prometheus would have: base units, and `_total` of what is counted alone', () => {
    for (const { name, type, help } of allOf(new Metrics([], [], () => 0))) {
      expect(name).not.toMatch(/_total$|_(?:ms|milliseconds|kb|mb|percent)(?:_|$)|gauge|counter|histogram/);
      expect(help).toMatch(/^[A-Z].*\.$/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('is written, and before that added up, in turns where it is much', () => {
    const series = Array.from({ length: 20_000 }, (_none, at): Series => [[String(at)], [at]]);
    const much: Family[] = [{ name: 'a', help: 'A.', type: 'gauge', labels: ['of'], series }];
    for (const steps of [new Tally().add(much, work), writeFamilies(much, FORMATS[0], work)])
      expect(steps.next().done).toBe(false);
  });

  it('is made once for all who ask meanwhile, and anew for who asks then', async () => {
    let scrapes = 0;
    const first = Promise.withResolvers<Buffer>();
    const scrape = sharing(() => ((scrapes += 1) === 1 ? first.promise : Promise.resolve(Buffer.from('second'))));
    const asked = [scrape(FORMATS[0]), scrape(FORMATS[0])];
    first.resolve(Buffer.from('first'));
    expect((await Promise.all(asked)).map(String)).toEqual(['first', 'first']);
    expect(String(await scrape(FORMATS[0]))).toBe('second');
  });

  it.runIf(process.platform === 'linux')('tells what the process takes, whole from its start on', () => {
    const value = (name: string) => processFamilies().find((family) => family.name === name)?.series[0]?.[1][0];
    expect(value('process_cpu_seconds')).toBeCloseTo(
      process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
      0,
    );
    expect(value('process_open_fds')).toBeGreaterThan(3);
    expect(value('process_open_fds')).toBeLessThan(value('process_max_fds')!);
    expect(value('process_virtual_memory_bytes')).toBeGreaterThan(value('process_resident_memory_bytes')!);
  });
});

const PROCESS_FAMILIES = new URL('../../src/observe/process-families.ts', import.meta.url).href;

/** Opens files until there are no more, and writes what is told of the process then. */
const fill = (before: string): string => `
  import { openSync } from 'node:fs';
  import { atOnce, Work } from '${new URL('../../src/budget/work.ts', import.meta.url).href}';
  import { writeFamilies } from '${new URL('../../src/observe/exposition.ts', import.meta.url).href}';
  import { processFamilies } from '${PROCESS_FAMILIES}';
  ${before}
  try {
    for (;;) openSync('/dev/null');
  } catch {}
  process.stdout.write(atOnce(writeFamilies(processFamilies(), '${FORMATS[0]}', new Work(Infinity))));
`;

it.runIf(process.platform === 'linux').each([
  ['what was told before', 'processFamilies();', []],
  [
    'nothing of what nobody has asked for before',
    '',
    ['process_resident_memory_bytes', 'process_virtual_memory_bytes', 'process_max_fds', 'codap_open_fds_ratio'],
  ],
])('a process that can open no file tells %s, and all that takes none', async (_what, before, missing) => {
  const limited = ['-c', 'ulimit -n 100; exec "$0" --input-type=module --eval "$1"', process.execPath, fill(before)];
  const { stdout } = await promisify(execFile)('sh', limited);
  const families = readMetrics(stdout);
  const names = processFamilies().map(({ name, type }) => (type === 'counter' ? `${name}_total` : name));
  const told = names.filter((name) => !name.startsWith('nodejs_gc'));
  expect(told.filter((name) => !families.has(name.replace(/_total$/, '')))).toEqual(missing);
});

it.each([
  ['counts none', 'importing', '', false],
  ['counts each once, however often that is asked for', 'counting', 'countCollections(); countCollections();', true],
])('of garbage collections a process %s by %s', async (_what, _how, before, isCounted) => {
  const script = `
    import { setTimeout } from 'node:timers/promises';
    import { countCollections, processFamilies } from '${PROCESS_FAMILIES}';
    const collected = () => processFamilies().find(({ name }) => name === 'nodejs_gc_duration_seconds').series;
    ${before}
    gc({ type: 'major' });
    for (let turns = 0; collected().length === 0 && turns < ${isCounted ? 1000 : 10}; turns += 1) await setTimeout(5);
    process.stdout.write(JSON.stringify(collected().map(([labels, numbers]) => [labels[0], numbers.at(-2)])));
  `;
  const args = ['--expose-gc', '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual(isCounted ? expect.arrayContaining([['major', 1]]) : []);
});

it('the share of open files is that of the process that has least left', () => {
  const having = (open: number, most: number): Family[] =>
    processFamilies().map((family) => {
      const value = { process_open_fds: open, process_max_fds: most, codap_open_fds_ratio: open / most }[family.name];
      return value === undefined ? family : { ...family, series: [[[], [value]]] };
    });
  const merged = mergeFamilies([having(20, 160), having(160, 160), having(20, 160)]);
  const value = (name: string) => merged.find((family) => family.name === name)?.series[0]?.[1][0];
  expect(value('codap_open_fds_ratio')).toBe(1);
  expect(value('process_open_fds')! / value('process_max_fds')!).toBeLessThan(0.5);
});
