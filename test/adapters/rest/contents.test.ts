import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { rest } from '../../../adapters/rest.ts';
import { ConfigError } from '../../../src/config/load.ts';
import { checkConfig, loadConfig, openSources, parseConfig } from '../../configured.ts';
import { restOptions } from '../rest-source.ts';
import { bounds } from '../source.ts';

const folder = mkdtempSync(join(tmpdir(), 'codap-openapi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (document: unknown): string => {
  const file = join(folder, 'api.json');
  const isText = typeof document === 'string' || Buffer.isBuffer(document);
  writeFileSync(file, isText ? document : JSON.stringify(document));
  return file;
};
const config = (openapi: string, own: object = {}) =>
  checkConfig({ sources: { api: { adapter: 'rest', url: 'http://127.0.0.1:9/', describe: true, openapi, ...own } } });

interface Told {
  readonly paths: Record<string, Record<string, { parameters: unknown; responses: Record<string, unknown> }>>;
  readonly components?: Record<string, Record<string, object>>;
}
const looking = () => ({ ...bounds(), failed: () => {} });
async function told(document: object, own?: object): Promise<Told> {
  await using opened = await openSources(await config(written({ openapi: '3.1.0', ...document }), own));
  return (await opened.sources.get('api')!.contents!(looking())) as Told;
}
const answering = (schema: unknown) => ({ '200': { description: 'ok', content: { 'application/json': { schema } } } });
/** What is told of one schema. */
const shown = async (schema: unknown, more: object = {}) =>
  (await told({ paths: { '/a': { get: { responses: answering(schema) } } }, ...more })).paths['/a']!['get']!.responses[
    '200'
  ];
const asShown = (schema: unknown) => ({ description: 'ok', content: { 'application/json': { schema } } });

describe('what an OpenAPI file tells', () => {
  const item = {
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'lang', in: 'query', schema: { type: 'string' } },
      { name: 'X-Key', in: 'header', schema: { type: 'string' } },
      { name: 'Accept-Language', in: 'header', schema: { type: 'string' } },
      { name: 'session', in: 'cookie', schema: { type: 'string' } },
    ],
    get: {
      summary: 'One.',
      parameters: [{ $ref: '#/components/parameters/Lang' }],
      responses: answering({ type: 'string' }),
    },
    post: { responses: {} },
    delete: { responses: {} },
    servers: [{ url: 'http://inside.example/' }],
  };
  const api = {
    servers: [{ url: 'https://inside.example/v1' }],
    paths: { '/a/{id}': item, '/b': { post: { responses: {} } }, 'x-own': { get: {} } },
    components: {
      parameters: { Lang: { name: 'lang', in: 'query', example: 'secret', schema: { enum: ['de', 'en'] } } },
    },
  };

  it('is its paths with the methods that are allowed, and with the headers that a query may set', async () => {
    const { paths, components } = await told(api);
    expect(components).toEqual({ parameters: { Lang: { name: 'lang', in: 'query', schema: { enum: ['de', 'en'] } } } });
    expect(Object.keys(paths)).toEqual(['/a/{id}']);
    expect(paths['/a/{id}']).toEqual({
      get: {
        summary: 'One.',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
          { $ref: '#/components/parameters/Lang' },
          { name: 'Accept-Language', in: 'header', schema: { type: 'string' } },
        ],
        responses: { '200': asShown({ type: 'string' }) },
      },
    });
    const posting = await told(api, { methods: ['get', 'post'] });
    expect(Object.entries(posting.paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ['/a/{id}', ['get', 'post']],
      ['/b', ['post']],
    ]);
    expect(Object.keys((await told(api, { methods: ['get', 'post'], ops: ['post'] })).paths)).toEqual([
      '/a/{id}',
      '/b',
    ]);
    expect((await told(api, { requestHeaders: ['x-key'] })).paths['/a/{id}']!['get']!.parameters).toMatchObject([
      { name: 'id' },
      { $ref: '#/components/parameters/Lang' },
      { name: 'X-Key' },
    ]);
  });

  it('has no host, no example and nothing of its own kind', async () => {
    const secret = 'secret-host.example';
    const text = `Look at https://${secret}:8443/a?b=c.`;
    const schema = {
      $id: `https://${secret}/schema`,
      type: 'object',
      description: text,
      externalDocs: { url: `https://${secret}` },
      example: { a: secret },
      'x-own': secret,
      servers: [{ url: secret }],
      discriminator: { propertyName: 'kind', mapping: { a: `https://${secret}/a.json` } },
      properties: {
        example: { type: 'string', examples: [secret], default: 'kept' },
        'x-own': { const: 1 },
        whole: { $ref: '#' },
        list: { type: 'array', items: { anyOf: [{ type: 'string', example: secret }, true] } },
      },
    };
    const content = { 'application/json': { schema, example: secret, examples: { a: { value: secret } } } };
    const get = {
      summary: text,
      description: text,
      servers: [{ url: `http://${secret}` }],
      externalDocs: { url: secret },
    };
    const responses = { '200': { description: text, content, links: { a: { server: { url: secret } } }, headers: {} } };
    const found = await told({
      info: { contact: { url: secret } },
      servers: [{ url: secret }],
      paths: { '/a': { get: { ...get, responses, callbacks: { a: secret }, security: [{ a: [] }] } } },
    });
    expect(JSON.stringify(found)).not.toContain(secret);
    expect(found.paths['/a']).toEqual({
      get: {
        summary: 'Look at …',
        description: 'Look at …',
        parameters: [],
        responses: {
          '200': {
            description: 'Look at …',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  description: 'Look at …',
                  properties: {
                    example: { type: 'string', default: 'kept' },
                    'x-own': { const: 1 },
                    whole: { $ref: '#/components/schemas/schemas-1' },
                    list: { type: 'array', items: { anyOf: [{ type: 'string' }, true] } },
                  },
                },
              },
            },
          },
        },
      },
    });
  });

  it('carries along the schemas that it refers to, also those that refer to themselves', async () => {
    const schemas = {
      Tree: { type: 'object', properties: { below: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } } },
      Unused: { type: 'string' },
      'schemas-1': { type: 'number' },
    };
    const paths = {
      '/a': { get: { responses: answering({ $ref: '#/components/schemas/Tree' }) } },
      '/b': {
        get: { responses: answering({ $ref: '#/paths/~1a/get/responses/200/content/application~1json/schema' }) },
      },
    };
    const found = await told({ paths, components: { schemas } });
    expect(found.paths['/b']!['get']!.responses['200']).toEqual(asShown({ $ref: '#/components/schemas/schemas-2' }));
    expect(found.components!['schemas']).toEqual({
      Tree: schemas.Tree,
      'schemas-2': { $ref: '#/components/schemas/Tree' },
    });
    const validate = new Ajv2020({ strict: false })
      .addSchema(found, 'api')
      .getSchema('api#/components/schemas/schemas-2')!;
    expect([validate({ below: [{ below: [] }] }), validate({ below: [1] })]).toEqual([true, false]);
  });

  it('names what stands elsewhere in the file, each by a name of its own, also one within another', async () => {
    const x = { a: { type: 'array', items: { $ref: '#/x/b' } }, b: { type: 'number' } };
    const paths = { '/a': { get: { responses: answering({ $ref: '#/x/a' }) } } };
    const found = await told({ paths, x });
    expect(found.paths['/a']!['get']!.responses['200']).toEqual(asShown({ $ref: '#/components/schemas/schemas-1' }));
    expect(found.components!['schemas']).toEqual({
      'schemas-1': { type: 'array', items: { $ref: '#/components/schemas/schemas-2' } },
      'schemas-2': { type: 'number' },
    });
  });

  const field = { type: 'string', description: 'x'.repeat(200) };
  const large = { schema: { type: 'object', properties: { a: field, b: field } } };
  const get = (own: object = {}) => ({ get: { responses: {}, ...own } });
  const byName = (kind: string, one: object) => ({ components: { [kind]: { Large: one } } });
  const toLarge = (kind: string) => ({ $ref: `#/components/${kind}/Large` });

  it.each([
    ['schema', byName('schemas', large.schema), get({ responses: answering(toLarge('schemas')) })],
    [
      'response',
      byName('responses', { content: { 'a/b': large } }),
      get({ responses: { '400': toLarge('responses'), '404': toLarge('responses') } }),
    ],
    [
      'parameter',
      byName('parameters', { name: 'q', in: 'query', ...large }),
      { parameters: [toLarge('parameters')], ...get() },
    ],
    [
      'request body',
      byName('requestBodies', { content: { 'a/b': large } }),
      { post: { requestBody: toLarge('requestBodies'), responses: {} } },
    ],
    [
      'media type',
      byName('mediaTypes', large),
      get({ responses: { '200': { content: { 'a/b': toLarge('mediaTypes') } } } }),
    ],
    ['path', byName('pathItems', get({ responses: { '200': { content: { 'a/b': large } } } })), toLarge('pathItems')],
    [
      'response that has other names, too,',
      {
        components: {
          responses: {
            Large: { content: { 'a/b': large } },
            ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`Also${at}`, toLarge('responses')])),
          },
        },
      },
      (at: number) => get({ responses: { '400': { $ref: `#/components/responses/Also${at}` } } }),
    ],
    [
      'response that stands in a path',
      { paths: { '/first': get({ responses: { '400': { content: { 'a/b': large } } } }) } },
      get({ responses: { '400': { $ref: '#/paths/~1first/get/responses/400' } } }),
    ],
  ] as const)('tells a %s that many share once, and every reference leads there', async (_what, around, item) => {
    const { paths, ...others } = { paths: {}, ...around };
    const shared = Array.from({ length: 100 }, (_, at) => [`/p${at}`, typeof item === 'function' ? item(at) : item]);
    const document = { ...others, paths: { ...paths, ...Object.fromEntries(shared) } };
    const found = await told(document, { methods: ['get', 'post'] });
    expect(Object.keys(found.paths)).toEqual(Object.keys(document.paths));
    const text = JSON.stringify(found);
    expect(text.length).toBeLessThan(JSON.stringify(document).length * 1.5);
    expect(text).toContain(field.description);
    const refs = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(refs.length).toBeGreaterThanOrEqual(100);
    for (const [, kind, name] of refs) expect(found.components).toHaveProperty([kind!, name!]);
  });

  it.each([
    ['in another file', 'other.yaml#/A'],
    ['of another host', 'https://secret.example/a.json'],
    ['to what is not there', '#/components/schemas/None'],
    ['to what every object has', '#/components/schemas/constructor'],
    ['that is none', 7],
    ['that cannot be read', '#/%'],
  ])('takes a reference %s for a schema that allows anything', async (_what, $ref) => {
    expect(await shown({ type: 'array', items: { $ref } }, { components: { schemas: {} } })).toEqual(
      asShown({ type: 'array', items: {} }),
    );
  });

  it('ends where references to parameters and paths lead in a circle', async () => {
    const circle = { $ref: '#/components/parameters/A' };
    const paths = {
      '/a': { parameters: [circle], get: { responses: { '200': { $ref: '#/x' } } } },
      '/b': { $ref: '#/paths/~1b' },
    };
    expect(await told({ paths, components: { parameters: { A: circle } } })).toEqual({
      paths: { '/a': { get: { parameters: [], responses: { '200': {} } } } },
    });
  });

  it('is nothing without a file', async () => {
    const sources = { api: { adapter: 'rest', url: 'http://127.0.0.1:9/', describe: true } };
    await using opened = await openSources(parseConfig({ sources }));
    expect(opened.sources.get('api')!.contents).toBeUndefined();
  });

  it('is made only where it is told', async () => {
    const read = vi.fn(() => 'Secret');
    const openapi = { paths: { '/a': Object.defineProperty({}, 'get', { get: read }) } };
    for (const [describe, isRead] of [
      [false, false],
      [true, true],
    ] as const) {
      const options = restOptions({ url: 'http://127.0.0.1:9/' }, { describe, openapi: openapi as never });
      await (await rest.open(options))[Symbol.asyncDispose]();
      expect(read.mock.calls.length > 0).toBe(isRead);
    }
  });
});

it('the file is looked for from the folder of the configuration', async () => {
  written({ openapi: '3.0.3', paths: { '/here': { get: {} } } });
  const file = join(folder, 'codap.yaml');
  writeFileSync(
    file,
    'sources: { api: { adapter: rest, url: "http://a.example/", openapi: "${API}", describe: true } }',
  );
  for (const name of ['api.json', './api.json', join(folder, 'api.json')]) {
    await using opened = await openSources(await loadConfig(file, { API: name }));
    const found = (await opened.sources.get('api')!.contents!(looking())) as Told;
    expect(Object.keys(found.paths)).toEqual(['/here']);
  }
});

describe('a file that is no OpenAPI 3 is a fault of the configuration', () => {
  const faultOf = (file: string): Promise<string> =>
    config(file).then(
      () => 'none',
      (error: ConfigError) => error.message,
    );
  const UNREADABLE = 'sources.api.openapi: a file of JSON or YAML is allowed here, and this one cannot be read';
  const NEITHER = 'sources.api.openapi: a file of JSON or YAML is allowed here, and this one is neither';
  const UTF8 = 'sources.api.openapi: a file in UTF-8 is allowed here';
  const TOO_MUCH =
    'sources.api.openapi: a file that is not nested too deep, and whose aliases stand for what is written before them, and not for very much, is allowed here';
  const OTHER = 'sources.api.openapi: an OpenAPI 3 file is allowed here';

  it.each([
    [
      'JSON that is broken',
      '{\n  "openapi": "3.1.0"\n  "paths": {} }',
      `${NEITHER}: line 3, column 3: Missing , between flow map items`,
    ],
    [
      'JSON behind a byte order mark',
      '\ufeff{"a" secret',
      `${NEITHER}: line 1, column 6: Missing , or : between flow map items`,
    ],
    [
      'YAML that is broken',
      'openapi: 3.1.0\na: [',
      `${NEITHER}: line 2, column 5: Flow sequence in block collection must be sufficiently indented and end with a ]`,
    ],
    [
      'YAML with a tab',
      'openapi: 3.1.0\npaths:\n\t/a: {}',
      `${NEITHER}: line 3, column 1: Tabs are not allowed as indentation`,
    ],
    ['an alias of nothing', 'openapi: 3.1.0\npaths: *secret', TOO_MUCH],
    ['two documents', 'a: 1\n---\nb: 1', `${NEITHER}: line 2, column 1: one document is allowed in a file`],
    [
      'aliases that make much of little',
      `a: &a [${'x, '.repeat(99)}]\n${'b: &b [*a, *a]\n'.repeat(1)}c: [${'*b, '.repeat(99)}]`,
      TOO_MUCH,
    ],
    ['an alias that stands for what holds it', 'openapi: 3.1.0\npaths: &a { b: *a }', TOO_MUCH],
    ['JSON nested very deep', `{"a":${'['.repeat(99_999)}${']'.repeat(99_999)}}`, TOO_MUCH],
    ['Latin-1', Buffer.from('openapi: 3.1.0\npaths: {}\ninfo: caf\xe9', 'latin1'), UTF8],
    ['nothing', '', OTHER],
    ['Swagger 2', { swagger: '2.0', paths: {} }, OTHER],
    ['a version that is a number', 'openapi: 3.1\npaths: {}', OTHER],
    ['no paths', { openapi: '3.1.0' }, OTHER],
  ])('%s', async (_what, document, fault) => {
    expect(await faultOf(written(document))).toBe(fault);
  });

  it.each(['{ "openapi": "3.1.0", "paths": {} }', 'openapi: 3.1.0\npaths: {}'])(
    'but not with a byte order mark: %s',
    async (text) => {
      expect(await faultOf(written(`\ufeff${text}`))).toBe('none');
    },
  );

  it('one that is not there, no file, or too large, and none of them is named', async () => {
    expect(await faultOf(join(folder, 'nowhere'))).toBe(`${UNREADABLE} (ENOENT)`);
    const most = 'sources.api.openapi: a file of at most 4 MiB is allowed here';
    expect(await faultOf(folder)).toBe(`${UNREADABLE} (EISDIR)`);
    expect(await faultOf('/dev/zero')).toBe(`${UNREADABLE} (no ordinary file)`);
    const file = written({ openapi: '3.1.0', paths: {} });
    expect(await faultOf(file)).toBe('none');
    truncateSync(file, 4 * 2 ** 20 + 1);
    expect(await faultOf(file)).toBe(most);
    const link = join(folder, 'link');
    symlinkSync(link, link);
    expect(await faultOf(link)).toBe(`${UNREADABLE} (ELOOP)`);
  });
});
