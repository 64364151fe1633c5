import { globSync, readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as patterns from 'codap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { adapters } from '../adapters/index.ts';
import { OPERATORS, STAGES, SYSTEM_VARIABLES } from '../adapters/mongo/operators.ts';
import { configSchema } from '../src/config/schema.ts';
import { CODES } from '../src/errors.ts';
import { definitionSchema } from '../src/saved/definition.ts';
import { openSaved } from '../src/saved/open-saved.ts';
import { paramSchema } from '../src/saved/param.ts';
import { readYaml } from '../src/config/yaml.ts';
import { openSources, parseConfig } from './configured.ts';
import { keysInOrder, loosely } from './loosely.ts';
import { type Service, startService } from './service.ts';

const root = new URL('..', import.meta.url);
const files = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

interface Example {
  line: number;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
  kind: string;
  answer: string;
}

/**
 * A request (a `curl` in ```sh, or ```http) directly followed by its answer (```json, ```ndjson, or ```text
 * for server-sent events).
 */
function examplesOf(text: string): Example[] {
  const pairs = text.matchAll(
    /```(sh|http)\n((?:(?!```)[\s\S])+)```\n\n```(json|ndjson|text)\n((?:(?!```)[\s\S])+)```/g,
  );
  return [...pairs].map(({ index, 1: form, 2: request = '', 3: kind = '', 4: answer = '' }) => ({
    line: text.slice(0, index).split('\n').length,
    ...(form === 'sh' ? fromCurl(request) : fromHttp(request)),
    kind,
    answer,
  }));
}

function fromCurl(request: string) {
  const [, path = ''] = /curl -s http:\/\/127\.0\.0\.1:8080(\S+)/.exec(request) ?? [];
  const headers = Object.fromEntries(
    Array.from(request.matchAll(/-H '([^:']+): ([^']+)'/g), ([, name, value]) => [name, value] as const),
  ) as Record<string, string>;
  return { path, headers, body: /-d '([\s\S]+)'/.exec(request)?.[1] };
}

function fromHttp(request: string) {
  const [head = '', ...body] = request.split('\n\n');
  const [start = '', ...lines] = head.trim().split('\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ')));
  const [method, path = ''] = start.split(' ');
  return {
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: method === 'POST' ? body.join('\n\n') : undefined,
  };
}

const parse = (kind: string, text: string): unknown =>
  kind === 'json' ? JSON.parse(text) : text.trim().split('\n').map(parseLine);

/** A line of NDJSON, or of an event stream, of which only data is JSON. */
const parseLine = (line: string): unknown =>
  /^(?:event|id|$)/.test(line) ? line : JSON.parse(line.replace('data: ', ''));

/** The configurations that the document of saved batches shows. */
const configurations = Array.from(
  read('docs/saved-batches.md').matchAll(/```yaml\n([\s\S]+?)```/g),
  ([, yaml = '']) => parseYaml(yaml) as { sources?: object; batches: Record<string, object> },
);
const batches = Object.assign({}, ...configurations.map((one) => one.batches)) as Record<string, object>;

describe('the documents', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ server: { mcp: true }, batches });
    // Its code is loaded once somebody asks, and counts against the deadline of who does.
    const accept = 'application/json, text/event-stream';
    await service.post('/mcp', { jsonrpc: '2.0', id: 1, method: 'ping' }, { accept });
  });
  afterAll(() => service.close());

  for (const file of files) {
    for (const { line, path, headers, body, kind, answer } of examplesOf(read(file))) {
      it(`${file}:${line} answers as it says`, async () => {
        const { text } = await (body === undefined ? service.get(path, headers) : service.post(path, body, headers));
        const [answered, shown] = [parse(kind, text), parse(kind, answer)];
        expect(answered).toEqual(loosely(shown));
        expect(keysInOrder(answered, shown)).toEqual(keysInOrder(shown, shown));
      });
    }
  }

  it('README.md asks each pattern, and shows each answer', () => {
    expect(examplesOf(read('README.md')).map(({ path }) => path)).toEqual(['/kv', '/ordered', '/first-reply']);
  });

  it('README.md: the archive it asks for is a zip', async () => {
    const [, request = ''] = /```sh\n(curl [^`]*application\/zip[^`]*)```/.exec(read('README.md')) ?? [];
    const { path, headers, body } = fromCurl(request);
    const { text } = await service.post(path, body, headers);
    expect(text.startsWith('PK\x03\x04')).toBe(true);
    expect(text).toContain('march.csv');
    expect(text).not.toContain('_INCOMPLETE.json');
  });
});

describe('docs/saved-batches.md', () => {
  it('shows whole configurations that are right', async () => {
    const whole = configurations.filter(({ sources }) => sources);
    expect(whole.length).toBeGreaterThan(0);
    for (const raw of whole) {
      const config = parseConfig(raw);
      await using opened = await openSources(config);
      const saved = await openSaved(config, opened.sources);
      expect([...saved.keys()]).toEqual(Object.keys(raw.batches));
    }
  });

  it.each([
    ['What it says', definitionSchema('first-reply', 'any')],
    ['Parameters', paramSchema],
  ])('%s: names exactly what may be said', (title, schema) => {
    const [, section = ''] = read('docs/saved-batches.md').split(`## ${title}\n`);
    const rows = section.split('\n## ')[0]!.matchAll(/^\| `(\w+)` \|/gm);
    expect(Array.from(rows, ([, name = '']) => name).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
  });

  it('its links answer what they say they do', async () => {
    const base = 'http://codap';
    const paths = Array.from(read('docs/saved-batches.md').matchAll(/href="([^"]+)"/g), ([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    expect(paths.map((path) => new URL(path, base).pathname)).toEqual([
      '/batches/price-list.csv',
      '/batches/covers.zip',
    ]);
    const service = await startService({ batches });
    const [table, archive] = await Promise.all(paths.map((path) => service.get(path)));
    await service.close();
    expect(table!.text).toMatch(/^sku,price\r\nB-105,9.90\r\n/);
    expect(archive!.headers['content-disposition']).toContain('covers.zip');
    expect(archive!.text).not.toContain('_INCOMPLETE.json');
  });
});

it('docs/configuration.md: the sources that it shows are right', () => {
  const shown = Array.from(
    read('docs/configuration.md').matchAll(/```yaml\n(sources:[\s\S]+?)```/g),
    ([, yaml = '']) => yaml,
  );
  const sources = shown.map((yaml) => parseConfig(readYaml(yaml, '').plain, { TOKEN: 'secret' }).sources);
  expect(Object.assign({}, ...sources)).toMatchObject({
    pricing: { headers: { authorization: 'Bearer secret' } },
    'pricing-us': { url: 'https://us.pricing.example/', rate: { perSecond: 50 } },
  });
});

it('README.md: the program prints what its comments say', async () => {
  const [, program = ''] = /```ts\n([\s\S]+?)```/.exec(read('README.md')) ?? [];
  const printed: string[] = [];
  const code = stripTypeScriptTypes(program.replaceAll(/^import .*$/gm, ''));
  const AsyncFunction = (async () => {}).constructor as new (
    ...words: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction('KV', 'Ordered', 'FirstReply', 'sleep', 'console', code)(
    patterns.KV,
    patterns.Ordered,
    patterns.FirstReply,
    sleep,
    { log: (value: unknown) => printed.push(String(value)) },
  );
  expect(printed).toEqual(Array.from(program.matchAll(/\/\/ → (.*)$/gm), ([, text]) => text));
  expect(printed).toHaveLength(3);
});

it.each([...files, 'CHANGELOG.md'])('%s: every link within the project leads somewhere', (file) => {
  const links = Array.from(
    read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g),
    ([, target]) => new URL(target!, new URL(file, root)),
  );
  const broken = links.filter((link) => {
    try {
      return !(readdirSync(new URL('.', link)).length > 0 && (link.pathname.endsWith('/') || readFileSync(link)));
    } catch {
      return true;
    }
  });
  expect(broken.map(String)).toEqual([]);
});

describe('the pages in the package', () => {
  const { files: entries } = JSON.parse(read('package.json')) as { files: string[] };
  const found = (pattern: string) => globSync(pattern, { cwd: root }).flatMap((path) => [path, ...below(path)]);
  const below = (path: string) => globSync(`${path}/**`, { cwd: root });
  const left = new Set(entries.flatMap((entry) => (entry.startsWith('!') ? found(entry.slice(1)) : [])));
  const packed = new Set(
    ['package.json', 'README.md', 'LICENSE', ...entries.flatMap(found)].filter((path) => !left.has(path)),
  );
  // README.md says which pages these are, and that code, tests and pictures are there, too.
  const inCheckoutAlone = /^(?:docs\/(?:architecture\.md|pictures\/)|CONTRIBUTING\.md|Dockerfile|docker-compose\.yml)/;
  const code = /^(?:src|test|adapters|routes)\//;

  it.each([...packed].filter((path) => path.endsWith('.md')))('%s links to what is there, too', (file) => {
    const targets = Array.from(read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, target]) =>
      posix.join(file, '..', target!),
    );
    const others = targets.map((path) => path.replace(/\/$/, '')).filter((path) => !packed.has(path));
    expect(others.filter((path) => !inCheckoutAlone.test(path) && !code.test(path))).toEqual([]);
  });

  it('are all that docs/ holds, but for the one on how it is built', () => {
    const pages = files.filter((file) => file.startsWith('docs/'));
    expect(pages.filter((file) => !packed.has(file))).toEqual(['docs/architecture.md']);
  });
});

describe('the documents name exactly the options of the schema, each with its default', () => {
  const sectionsOf = (file: string) =>
    new Map(
      read(file)
        .split(/^#{2,3} /m)
        .map((section) => [section.split('\n')[0]!.replaceAll('`', ''), section]),
    );
  const sections = sectionsOf('docs/configuration.md');
  const documented = (title: string) =>
    Object.fromEntries(
      Array.from(sections.get(title)!.matchAll(/^\| `(\w+)` \| (.*?) \|/gm), ([, name, value]) => [name!, value!]),
    );

  const { properties } = z.toJSONSchema(configSchema(adapters), { unrepresentable: 'any', io: 'input' }) as unknown as {
    properties: Record<string, Shape> & { sources: { additionalProperties: { oneOf: Shape[] } } };
  };
  interface Shape {
    properties: Record<
      string,
      { default?: unknown; const?: unknown; minimum?: number; maximum?: number; anyOf?: Partial<Shape>[] }
    >;
    required?: string[];
  }
  const shown = ({ properties, required = [] }: Shape) =>
    Object.fromEntries(
      Object.entries(properties).map(([name, { default: value }]) => [
        name,
        required.includes(name) ? 'required' : cell(value),
      ]),
    );
  const cell = (value: unknown) => {
    if (value === undefined) return '–';
    if (value === '') return 'empty';
    if (Array.isArray(value)) return `\`[${value.join(', ')}]\``;
    if (typeof value !== 'object') return `\`${value as string | number | boolean}\``;
    const members = Object.entries(value as object).map(([name, inner]) => `${name}: ${String(inner)}`);
    return `\`{${members.join(', ')}}\``;
  };
  const branches = properties.sources.additionalProperties.oneOf;

  it.each(['server', 'limits'])('%s', (title) => {
    expect(documented(title)).toEqual(shown(properties[title]!));
  });

  const layers = Object.entries(branches[0]!.properties).flatMap(([name, { anyOf }]) => {
    const shape = anyOf?.find((one): one is Shape => one.properties !== undefined);
    return shape ? [[name, shape] as const] : [];
  });
  it.each([...layers, ['limits', properties['limits']!] as const])('%s, and its range', (title, shape) => {
    const file = title === 'limits' ? 'docs/configuration.md' : 'docs/sources.md';
    const rows = sectionsOf(file)
      .get(title)!
      .matchAll(/^\| `(\w+)` \| (\S+) \| (\S+ to \S+) \|/gm);
    const defaults = Object.entries(shown(shape));
    expect(Array.from(rows, ([, ...cells]) => cells)).toEqual(
      defaults.map(([name, value]) => {
        const { minimum, maximum } = shape.properties[name]!;
        return [name, value, `${minimum} to ${maximum}`];
      }),
    );
  });

  it.each(Object.keys(adapters))('%s', (adapter) => {
    const expected = shown(branches.find(({ properties }) => properties['adapter']?.const === adapter)!);
    const { concurrency, ...common } = documented('Every source');
    expect(concurrency).toContain(`${expected['concurrency']} for ${adapter}`);
    delete expected['concurrency'];
    expect({ ...documented(adapter), ...common }).toEqual(expected);
  });
});

it('docs/adapters.md names every operator, stage and variable that MongoDB sources allow, and no other', () => {
  const [, section = ''] = read('docs/adapters.md').split('### Operators and stages\n');
  const lists = section.split('\n## ')[0]!.matchAll(/```text\n([\s\S]+?)```/g);
  const named = Array.from(lists, ([, list = '']) => list.trim().split(/\s+/)).flat();
  const variables = Array.from(SYSTEM_VARIABLES, (name) => `$$${name}`);
  expect([...new Set(named)].toSorted()).toEqual([...new Set([...OPERATORS, ...STAGES, ...variables])].toSorted());
});

it('docs/reference.md names every error code, with its status and whether trying again may help', () => {
  const rows = Array.from(
    read('docs/reference.md').matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (yes|no) \|/gm),
    ([, code, http, retryable]) => [code, { http: Number(http), retryable: retryable === 'yes' }],
  );
  expect(Object.fromEntries(rows)).toEqual(CODES);
});
