import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Metrics } from '../../src/observe/metrics.ts';
import { processFamilies } from '../../src/observe/process-families.ts';
import { wrongIn } from './promql.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const families = [...new Metrics([], [], () => 0).families, ...processFamilies()];
/** Every name that a query may have, with its labels. */
const known = new Map<string, readonly string[]>([['up', []]]);
/** Every family as it is called in the documents. */
const told = new Map<string, readonly string[]>();
for (const { name, type, labels } of families) {
  if (type === 'histogram') {
    known
      .set(`${name}_bucket`, [...labels, 'le'])
      .set(`${name}_sum`, labels)
      .set(`${name}_count`, labels);
    told.set(name, labels);
  } else {
    const written = type === 'counter' ? `${name}_total` : name;
    known.set(written, labels);
    told.set(written, labels);
  }
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

describe('the dashboard', () => {
  const { panels, templating } = JSON.parse(read('deploy/grafana/codap.json')) as Dashboard;
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

  it('has a row for batches, sources, layers and the process', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual(['Batches', 'Sources', 'Layers', 'Process']);
  });

  it.each(queries)('names metrics and labels that are there: %s: %s', (_title, expr) => {
    expect(wrongIn(expr, known)).toEqual([]);
  });

  it('chooses what it shows by what is there', () => {
    const definitions = templating.list.flatMap(({ definition }) => definition ?? []);
    expect(definitions.flatMap((definition) => wrongIn(definition, known))).toEqual([]);
    const names = new Set(templating.list.map(({ name }) => name));
    const used = Array.from(JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)\}?/g), ([, name]) => name!);
    expect([...new Set(used)].filter((name) => !names.has(name))).toEqual([]);
  });

  it('shows every metric of codap itself', () => {
    const own = [...told.keys()].filter((name) => name.startsWith('codap_'));
    const text = queries.map(([, expr]) => expr).join(' ');
    expect(own.filter((name) => !text.includes(name))).toEqual([]);
  });

  it('has panels that do not lie on one another', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x},${y}`), title).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

describe('docs/operations.md', () => {
  const text = read('docs/operations.md');
  const [section = ''] = /\n## Metrics\n[\s\S]+?\n## /.exec(text) ?? [];

  it('tells every metric with its labels, and no other', () => {
    const rows = Array.from(
      section.matchAll(/^\| `((?:codap|process|nodejs)_\w+)`\s*\|([^|]*)\|/gm),
      ([, name = '', labels = '']) => [name, Array.from(labels.matchAll(/`(\w+)`/g), ([, label]) => label!)] as const,
    );
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(told));
    expect(rows).toHaveLength(told.size);
  });

  const { groups } = parse(/```yaml\n(groups:[\s\S]+?)```/.exec(section)?.[1] ?? '') as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const rules = groups
    .flatMap((group) => group.rules)
    .map(({ alert, expr, annotations }) => ({ alert, expr, annotations }));

  it.each(rules)(
    'has an alert whose query names metrics and labels that are there: $alert',
    ({ expr, annotations }) => {
      expect(wrongIn(expr, known)).toEqual([]);
      const shown = Array.from(annotations.summary.matchAll(/\$labels\.(\w+)/g), ([, label]) => label!);
      for (const label of shown) expect(expr).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`));
    },
  );

  it.each([
    ['404', false],
    ['422', false],
    ['500', true],
    ['502', true],
    ['504', true],
  ])('has an alert of batches that failed that counts those with status %j: %j', (status, counts) => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'CodapBatchesFail') ?? {};
    const [, left = ''] = /codap_failed_batches_total\{status!~"([^"]*)"\}/.exec(expr) ?? [];
    expect(left).not.toBe('');
    expect(!new RegExp(`^(?:${left})$`).test(status)).toBe(counts);
  });
});

it('no panel and no alert judges a process by the files that all workers may open together', () => {
  const texts = ['deploy/grafana/codap.json', 'docs/operations.md'].map(read);
  // One of four workers that has none left has a quarter of what is open and may be.
  expect(texts.flatMap((text) => text.match(/process_max_fds[^`\w].*/g) ?? [])).toEqual([]);
});

describe('the check of queries', () => {
  it.each([
    ['rate(codap_call_total[5m])', ['no metric codap_call_total']],
    ['codap_source_queued{op="find"}', ['codap_source_queued has no op']],
    ['sum by (code) (codap_source_queued)', ['nothing has code']],
    ['sum(codap_source_queued', ['brackets']],
    ['codap_batch_seconds', ['no metric codap_batch_seconds']],
  ])('finds what is wrong with %s', (query, wrong) => {
    expect(wrongIn(query, known)).toEqual(wrong);
  });
});
