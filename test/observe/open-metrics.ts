/** A family of metrics as a strict reader finds it. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** One line of it. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i;
/** What the samples of each type may be called, beside their family's name. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * Reads OpenMetrics 1.0 as its ABNF and its rules for counters, gauges and histograms say; throws at the
 * first line that breaks one. `classic`: the older text format, in which a counter's family is called as its
 * samples are, and there is no end.
 */
export function readMetrics(text: string, { classic = false } = {}): Map<string, ReadFamily> {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  const lines = text.split('\n');
  const fail = (at: number, why: string): never => {
    throw new Error(`line ${at + 1}: ${why}: ${lines[at]}`);
  };
  if (lines.pop() !== '') fail(lines.length - 1, 'no line feed at the end');
  if (!classic && lines.pop() !== '# EOF') fail(lines.length - 1, 'no # EOF at the end');
  let name = '';
  let group = '';
  const groups = new Set<string>();
  for (const [at, line] of lines.entries()) {
    if (classic && line === '') continue;
    const [, keyword, of = '', said = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(of)) fail(at, 'a family that is told twice');
      name = of;
      families.set(name, { type: '', help: said, samples: [] });
      groups.clear();
      group = '';
      continue;
    }
    const family = families.get(name) ?? fail(at, 'a line before any family');
    if (keyword === 'TYPE') {
      if (of !== name || family.type !== '') fail(at, 'a type out of place');
      if (!(said in SUFFIXES)) fail(at, 'an unknown type');
      family.type = said;
      continue;
    }
    const [, sample = '', inner = '', number = ''] = SAMPLE.exec(line) ?? fail(at, 'no sample');
    const suffixes = classic && family.type === 'counter' ? [''] : SUFFIXES[family.type]!;
    if (!suffixes.some((suffix) => sample === name + suffix)) fail(at, `not of the family ${name}`);
    if (classic && family.type === 'counter' && !name.endsWith('_total')) fail(at, 'a counter without _total');
    if (!NUMBER.test(number)) fail(at, 'no number');
    const labels: Record<string, string> = {};
    for (let rest = inner; rest !== '';) {
      const [all, label = '', value = ''] = LABEL.exec(rest) ?? fail(at, 'no label');
      if (label in labels) fail(at, 'a label twice');
      labels[label] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
      rest = rest.slice(all.length);
    }
    const id = `${sample}${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (seen.has(id)) fail(at, 'a series twice');
    seen.add(id);
    // The samples of one histogram stand together (§ MetricSet: "MUST NOT be interleaved").
    const { le: _le, ...own } = labels;
    const key = JSON.stringify(own);
    if (key !== group && groups.has(key)) fail(at, 'series that are mixed up');
    groups.add((group = key));
    const value = Number(number.replace('Inf', 'Infinity'));
    if (family.type !== 'gauge' && !(value >= 0)) fail(at, 'a count below 0');
    family.samples.push({ name: sample, labels, value });
  }
  for (const [of, { type, samples }] of families) {
    if (samples.length === 0) throw new Error(`${of} has no series`);
    if (type === 'histogram') checkHistogram(of, samples);
  }
  return families;
}

/** Its buckets grow, end in one that holds all, and are followed by sum and count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const own = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => JSON.stringify(labels));
  for (const [labels, lines] of own) {
    const told = (what: string) => lines.filter((line) => line.name === name + what);
    const buckets = told('_bucket').map((line) => [Number(line.labels['le']!.replace('Inf', 'Infinity')), line.value]);
    const grows = buckets.every(([bound, value], at) => {
      const [before = -Infinity, less = 0] = buckets[at - 1] ?? [];
      return bound! > before && value! >= less;
    });
    const [last, all] = buckets.at(-1) ?? [];
    if (!grows || last !== Infinity || told('_count')[0]?.value !== all || told('_sum').length !== 1)
      throw new Error(`${name}${labels} is no histogram`);
  }
}

/** The value of one series; undefined where there is none. */
export function valueIn(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(?:total|count|sum|bucket)$/, ''));
  return family?.samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}
