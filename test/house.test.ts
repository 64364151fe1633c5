import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';

/**
 * The floors of the house, the lowest first: a file imports from its own floor or from below. `may` names the
 * floors that one may use, if not all below.
 */
const FLOORS: readonly {
  readonly name: string;
  readonly paths: readonly string[];
  readonly may?: readonly string[];
}[] = [
  {
    name: 'ground',
    paths: ['src/errors.ts', 'src/version.ts', 'src/ground/'],
  },
  { name: 'budget', paths: ['src/budget/'] },
  { name: 'json', paths: ['src/json/'] },
  { name: 'store', paths: ['src/store/'] },
  { name: 'patterns', paths: ['src/patterns/'], may: ['ground'] },
  { name: 'adapters', paths: ['adapters/'], may: ['ground', 'budget', 'json', 'store'] },
  { name: 'config', paths: ['src/config/'] },
  { name: 'callers', paths: ['src/callers/'] },
  { name: 'sources', paths: ['src/sources/'] },
  { name: 'template', paths: ['src/batch/template/'] },
  { name: 'modifiers', paths: ['src/batch/modifiers/'] },
  { name: 'plan', paths: ['src/batch/plan/'] },
  { name: 'run', paths: ['src/batch/run/'] },
  { name: 'explain', paths: ['src/batch/explain/'] },
  { name: 'encodings', paths: ['src/encodings/'] },
  { name: 'saved', paths: ['src/saved/'] },
  { name: 'observe', paths: ['src/observe/'] },
  { name: 'http', paths: ['src/service/http/'] },
  { name: 'openapi', paths: ['src/openapi/'] },
  { name: 'agents', paths: ['src/agents/'] },
  { name: 'service', paths: ['src/service/'] },
  { name: 'routes', paths: ['routes/'] },
  { name: 'roof', paths: ['src/service/app.ts', 'src/service/metrics-app.ts', 'src/cli/', 'src/main.ts'] },
];

const files = globSync(['src/**/*.ts', 'adapters/**/*.ts', 'routes/**/*.ts']).map((file) => file.replaceAll('\\', '/'));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): readonly string[] {
  const found = readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g);
  return [...found].map(([, path = '']) => join(dirname(file), path)).filter((path) => files.includes(path));
}

/** The floor that a file is on: of two that name it, the one that names it more closely. */
function floorOf(file: string): number {
  const lengths = FLOORS.map(({ paths }) =>
    Math.max(0, ...paths.filter((path) => file.startsWith(path)).map((path) => path.length)),
  );
  const most = Math.max(...lengths);
  return most === 0 ? -1 : lengths.indexOf(most);
}

describe('the house', () => {
  it('has a floor for every file', () => {
    expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it('has the floors in the order that docs/architecture.md tells', () => {
    const [, arrows = ''] = /^Arrows point one way, downward: (.*)\.$/m.exec(
      readFileSync('docs/architecture.md', 'utf8'),
    )!;
    const told = arrows.split(/ → | and /).flatMap((name) => IN_DOCS[name] ?? [name]);
    const order = FLOORS.map(({ name }) => name).toReversed();
    expect(told).toEqual(order.filter((name) => name !== 'ground' && name !== 'roof'));
  });

  it('has no import that runs up', () => {
    const up: string[] = [];
    for (const [file, targets] of imports) {
      const floor = floorOf(file);
      const { may } = FLOORS[floor]!;
      for (const target of targets) {
        const below = floorOf(target);
        if (below > floor || (below < floor && may && !may.includes(FLOORS[below]!.name)))
          up.push(`${file} -> ${target}`);
      }
    }
    expect(up).toEqual([]);
  });

  it('has no circle of imports', () => {
    const circles: string[][] = [];
    const done = new Set<string>();
    const open: string[] = [];
    const visit = (file: string): void => {
      if (open.includes(file)) circles.push([...open.slice(open.indexOf(file)), file]);
      if (done.has(file) || open.includes(file)) return;
      open.push(file);
      for (const target of imports.get(file) ?? []) visit(target);
      open.pop();
      done.add(file);
    };
    for (const file of files) visit(file);
    expect(circles).toEqual([]);
  });

  it.each([
    ['OpenTelemetry', '@opentelemetry/', 'src/cli/open-spans.ts'],
    ['the Model Context Protocol', '@modelcontextprotocol/', 'src/service/app.ts'],
  ])('loads %s by one import alone, where that is on', (_what, scope, only) => {
    const loaded = new Set<string>();
    const load = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      const text = readFileSync(file, 'utf8');
      for (const [, name = '', later = ''] of text.matchAll(RUN)) {
        const target = join(dirname(file), name || later);
        if (files.includes(target) && !(file === only && later)) load(target);
      }
    };
    load('src/main.ts');
    const asking = files.filter((file) => readFileSync(file, 'utf8').includes(`'${scope}`));
    expect(asking.length).toBeGreaterThan(0);
    expect(loaded.size).toBeGreaterThan(150);
    expect(asking.filter((file) => loaded.has(file))).toEqual([]);
  });

  it('has no two files of one name in different meanings', () => {
    const names = Map.groupBy(files, (file) => file.split('/').at(-1));
    const others = [...names.values()].map((group) => group.filter((file) => !MEAN_THE_SAME.test(file)));
    expect(others.filter((group) => group.length > 1)).toEqual([]);
  });

  it('has no line of a comment beyond 110 characters', () => {
    const all = globSync(['{src,adapters,routes,test,bench,demo,stores,examples}/**/*.ts', '*.ts', 'bin/*.js']);
    const long = all
      .map((file) => file.replaceAll('\\', '/'))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, at) => (line.length > 110 && COMMENT.test(line) ? [`${file}:${at + 1}`] : [])),
      );
    expect(long).toEqual([]);
  });

  it('takes the path of a file from no URL in which it is encoded', () => {
    const all = globSync(['{src,adapters,routes,test,bench,demo,stores,examples}/**/*.ts', '*.ts', 'bin/*.js']);
    const encoded = all.filter((file) => /import\.meta\.url\)\.pathname/.test(readFileSync(file, 'utf8')));
    expect(encoded).toEqual([]);
  });

  it('has no file beyond 250 lines', () => {
    expect(files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 251)).toEqual([]);
  });
});

/** What docs/architecture.md calls floors that have other names here, the highest first. */
const IN_DOCS: Readonly<Record<string, readonly string[]>> = {
  'service/http': ['http'],
  batch: ['explain', 'run', 'plan', 'modifiers', 'template'],
};

/** An import that is there once types are taken away: at once, or later. */
const RUN = /^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm;

/** A line that is a comment, or ends in one. */
const COMMENT = /^\s*(?:\/\/|\/?\*)|\s\/\/ /;

/** What each kind of store, route or folder has under the same name. */
const MEAN_THE_SAME =
  /(?:^adapters\/(?:mongo|s3|rest)\/(?:options|params|compile|contents|describe|failure|query|merge)|\/index)\.ts$|^routes\/|^src\/openapi\//;
