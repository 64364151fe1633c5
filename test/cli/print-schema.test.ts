import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { configJsonSchema } from '../../src/cli/print-schema.ts';
import { readYaml } from '../../src/config/yaml.ts';

const schema = configJsonSchema();
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
const wrongIn = (yaml: string): string[] => {
  validate(readYaml(yaml, '').plain);
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
};

const TOP = /^(?:server|limits|sources|batches|callers):/;
const shown = [
  'README.md',
  ...['configuration', 'operations', 'sources', 'adapters', 'callers', 'security'].map((name) => `docs/${name}.md`),
]
  .flatMap((file) =>
    Array.from(
      readFileSync(file, 'utf8').matchAll(/^( *)```yaml\n([\s\S]+?)```/gm),
      ([, indent = '', yaml = '']) => [file, yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] as const,
    ),
  )
  .filter(([, yaml]) => TOP.test(yaml));

it.each([...shown, ['demo/compose.yaml', readFileSync('demo/compose.yaml', 'utf8')] as const])(
  'takes the configuration of %s: %s',
  (_file, yaml) => {
    expect(wrongIn(yaml)).toEqual([]);
  },
);

const REST = 'adapter: rest, url: "http://a/"';
it.each([
  [
    'variables for what is no text',
    `sources: { a: { ${REST}, timeoutMs: "\${T:-5}", retry: { attempts: "\${A}" }, methods: ["\${M}"] } }`,
  ],
  [
    'variables for what may be false',
    `sources: { a: { ${REST}, merge: "\${M:-false}", cache: "\${C:-false}", rate: "\${R:-false}", retry: "\${T:-false}" } }`,
  ],
  [
    'variables of the server',
    'server: { port: "${PORT}", adhoc: "${ADHOC:-false}", workers: "${W}", tls: { cert: "${C}", key: k.pem } }',
  ],
  [
    'false and rules as a merge',
    `sources: { a: { ${REST}, merge: false }, b: { ${REST}, merge: [{ path: "/a/{id}", into: /a, query: ids, key: /id }] } }`,
  ],
])('takes %s', (_what, yaml) => {
  expect(wrongIn(yaml)).toEqual([]);
});

it.each([
  ['an unknown field', 'server: { prot: 1 }'],
  ['a number out of range', 'server: { port: 70000 }'],
  ['a variable in limits', 'limits: { depth: "${D}" }'],
  ['a text for a number', `sources: { a: { ${REST}, timeoutMs: soon } }`],
  ['an option of another adapter', `sources: { a: { ${REST}, bucket: b } }`],
  // By it a branch is chosen, in which an editor then completes.
  ['a variable as an adapter', 'sources: { a: { adapter: "${A:-rest}", url: "http://a/" } }'],
  ['an unknown adapter', 'sources: { a: { adapter: sql } }'],
  ['what is missing', 'sources: { a: { adapter: s3 } }'],
  ['a merge that is true', `sources: { a: { ${REST}, merge: true } }`],
])('refuses %s', (_what, yaml) => {
  expect(wrongIn(yaml)).not.toEqual([]);
});

it('describes each option', () => {
  const bare: string[] = [];
  const walk = (part: object, path: string): void => {
    for (const [keyword, value] of Object.entries(part) as [string, object][]) {
      if (typeof value !== 'object' || value === null) continue;
      if (keyword === 'properties')
        for (const [name, option] of Object.entries(value))
          if (!('description' in option)) bare.push(`${path}/${name}`);
      walk(value, `${path}/${keyword}`);
    }
  };
  walk(schema, '');
  expect(bare).toEqual([]);
});
