import { setTimeout as pause } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../src/service/app.ts';
import { mediaTypes } from '../src/encodings/index.ts';
import type { Sources } from '../src/sources/open.ts';
import type { FastifyInstance } from 'fastify';
import { parseConfig, openSources } from './configured.ts';

type Schema = Record<string, unknown>;
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Schema>; headers: Record<string, Schema> };
}
interface Operation {
  operationId: string;
  requestBody?: {
    content: Record<string, { schema: Schema; examples: Record<string, { value: { queries: object } }> }>;
  };
  responses: Record<string, { content?: Record<string, { schema?: Schema }>; $ref?: string }>;
}

const HIDDEN = 'secret-host.example';
const described = { describe: true, openapi: 'demo/rest/catalog.yaml' };
const raw = (server: object = {}) => ({
  server,
  sources: {
    shop: { adapter: 'mongo', url: `mongodb://${HIDDEN}`, database: 'shop', collections: ['users'], timeoutMs: 50 },
    photos: {
      adapter: 's3',
      bucket: 'pictures',
      endpoint: `http://${HIDDEN}`,
      region: 'r',
      accessKeyId: 'k',
      secretAccessKey: 's',
      timeoutMs: 50,
    },
    prices: {
      adapter: 'rest',
      url: 'http://127.0.0.1:9/',
      methods: ['get', 'head', 'post'],
      timeoutMs: 50,
      ...described,
    },
  },
});

let app: FastifyInstance;
let opened: Sources;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  const config = parseConfig(raw({ mcp: true }));
  opened = await openSources(config);
  app = await buildApp(config, { sources: opened.sources });
  await app.ready();
  document = (await app.inject('/openapi.json')).json();
  ajv = new Ajv2020({ strict: false, formats: { uri: true } });
  ajv.addSchema(document, 'document');
});
afterAll(async () => {
  await app.close();
  await opened[Symbol.asyncDispose]();
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** Compiling these schemas holds up the event loop, and for a moment the service refuses batches. */
async function post(url: string, payload: object) {
  for (;;) {
    const answer = await app.inject({ method: 'POST', url, payload });
    if (answer.statusCode !== 503) return answer;
    await pause(50);
  }
}

/** Whether a value fits a schema of the document; what does not fit, else an empty list. */
function misfits(name: string, value: unknown): unknown[] {
  const validate = ajv.getSchema(`document#/components/schemas/${name}`);
  if (!validate) throw new Error(`no schema ${name}`);
  return validate(value) ? [] : (validate.errors ?? []);
}

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(names.length).toBeGreaterThan(50);
    for (const [, kind, name] of names) {
      expect(document.components[kind as keyof Document['components']], `${kind} ${name}`).toHaveProperty([name!]);
    }
  });

  it('holds schemas that are JSON Schema 2020-12', () => {
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.getSchema(`document#/components/schemas/${name}`), name).not.toThrow();
    }
  });

  it('names each operation once, with an answer of 2xx and its faults', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '400', '405']));
    }
  });

  it('has every route of the app, and no other', () => {
    const routes: string[] = [];
    const parts: string[] = [];
    for (const line of app.printRoutes({ commonPrefix: false }).trimEnd().split('\n')) {
      const [, indent, part, methods] = /^(.*)[├└]── (\S+)(?: \(([^)]+)\))?$/.exec(line)!;
      parts.splice(indent!.length / 4, Infinity, part!);
      const url = parts.join('').replace(/:(\w+)/, '{$1}');
      for (const method of methods?.split(', ') ?? []) if (method !== 'HEAD') routes.push(`${method} ${url}`);
    }
    expect(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual(routes.toSorted());
  });

  it('lists every media type an answer can have, the stored one of raw bytes too, and their other statuses', () => {
    for (const path of ['/kv', '/ordered', '/first-reply']) {
      const { responses } = document.paths[path]!['post']!;
      expect(Object.keys(responses['200']!.content!)).toEqual([...mediaTypes, '*/*']);
      expect(responses).toMatchObject({ '206': { content: { '*/*': {} } }, '304': { headers: {} } });
    }
  });

  it('tells no address', () => {
    expect(JSON.stringify(document)).not.toContain(HIDDEN);
    expect(JSON.stringify(document)).not.toContain('127.0.0.1');
  });

  it.each(['/kv', '/ordered', '/first-reply'])(
    'has an example for %s that fits its schema, is taken, and whose answer fits',
    async (path) => {
      const { schema, examples } = document.paths[path]!['post']!.requestBody!.content['application/json']!;
      const { value } = examples['simple']!;
      expect(misfits(String(schema['$ref']).split('/').at(-1)!, value)).toEqual([]);
      const answer = await post(path, value);
      expect(answer.statusCode).toBe(200);
      const answerSchema = document.paths[path]!['post']!.responses['200']!.content!['application/json']!.schema!;
      expect(misfits(String(answerSchema['$ref']).split('/').at(-1)!, answer.json())).toEqual([]);
    },
  );

  it('describes what a traced batch answers', async () => {
    const get = { source: 'prices', op: 'get', params: { path: '/a' } };
    const queries = {
      a: get,
      b: { ...get, forEach: [{ $result: '/a' }] },
      c: { pattern: 'kv', select: '/d', queries: { d: get } },
    };
    const body = { trace: true, queries };
    expect(misfits('KvBody', body)).toEqual([]);
    const answer = (await post('/kv', body)).json();
    expect(misfits('KvAnswer', answer)).toEqual([]);
    expect(misfits('BatchTrace', answer.trace)).toEqual([]);
    for (const name of Object.keys(queries)) expect(misfits('Trace', answer.results[name].trace)).toEqual([]);
  });

  it.each([
    ['an unknown source', { source: 'nowhere', op: 'get' }],
    ['an op its source does not have', { source: 'shop', op: 'get' }],
    ['an unknown field', { source: 'prices', op: 'get', params: {}, extra: 1 }],
    ['params without a required one', { source: 'shop', op: 'find', params: {} }],
    ['a group without a pattern', { queries: {} }],
    ['a keyed group whose queries are a list', { pattern: 'kv', queries: [] }],
    ['a take outside first-reply', { pattern: 'ordered', take: 1, queries: [] }],
    ['a number as limit that is too small', { source: 'shop', op: 'find', params: { collection: 'users', limit: 0 } }],
  ])('refuses %s, as the service does', async (_what, query) => {
    const body = { queries: { query } };
    expect(misfits('KvBody', body)).not.toEqual([]);
    const answer = await post('/kv', body);
    expect(answer.statusCode).toBe(400);
    expect(misfits('Problem', answer.json())).toEqual([]);
  });

  it('takes groups in groups, and references where the service takes them', () => {
    const find = { source: 'shop', op: 'find', params: { collection: 'users', limit: { $result: '/count' } } };
    const inner = { pattern: 'first-reply', take: 1, queries: [find] };
    const body = {
      queries: {
        count: { pattern: 'kv', queries: { inner } },
        each: { ...find, forEach: { $result: '/count/inner' } },
        written: { ...find, forEach: ['a', { $item: '' }, [1], null] },
        links: { ...find, forEach: { $meta: '/each/0/headers/link' } },
      },
    };
    expect(misfits('KvBody', body)).toEqual([]);
  });

  it.each([{ $join: ['a'] }, { x: 1 }, 'x', 5])('refuses %j as a forEach, as the service does', async (forEach) => {
    const query = { source: 'shop', op: 'find', params: { collection: 'users' }, forEach };
    expect(misfits('KvBody', { queries: { query } })).not.toEqual([]);
    expect((await post('/kv', { queries: { query } })).statusCode).toBe(400);
  });

  it.each([
    ['/health/live'],
    ['/health/ready'],
    ['/sources'],
    ['/sources/shop', '/sources/{name}'],
    ['/sources/prices', '/sources/{name}'],
    ['/limits'],
  ])('describes what %s answers', async (url, path = url) => {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(200);
    const { schema } = document.paths[path]!['get']!.responses['200']!.content!['application/json']!;
    const validate = ajv.compile(schema!);
    expect(validate(answer.json()), JSON.stringify(validate.errors)).toBe(true);
  });
});

it('the example asks no source for what it does not allow', async () => {
  const sources = {
    searches: { adapter: 'rest', url: 'http://127.0.0.1:9/', methods: ['post'] },
    links: { ...raw().sources.photos, ops: ['presignGetObject'] },
    files: raw().sources.photos,
  };
  const config = parseConfig({ sources });
  await using opened = await openSources(config);
  const app = await buildApp(config, { sources: opened.sources });
  const { paths } = (await app.inject('/openapi.json')).json<Document>();
  await app.close();
  const [example] = Object.values(paths['/kv']!['post']!.requestBody!.content['application/json']!.examples);
  expect(Object.keys(example!.value.queries)).toEqual(['files']);
});

describe('without adhoc', () => {
  it('has no batch paths and no query schemas', async () => {
    const config = parseConfig(raw({ adhoc: false }));
    const app = await buildApp(config, { sources: opened.sources });
    const { paths, components } = (await app.inject('/openapi.json')).json<Document>();
    await app.close();
    expect(Object.keys(paths)).not.toContain('/kv');
    expect(Object.keys(components.schemas)).not.toContain('Query');
  });
});

describe('/docs', () => {
  it('loads nothing from elsewhere, and all it loads is there', async () => {
    const page = await app.inject('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(page.body).not.toMatch(/https?:|\/\//);
    const sources = [...page.body.matchAll(/(?:href|src)="((?!data:)[^"]+)"/g)].map(([, source]) => source!);
    expect(sources).toHaveLength(3);
    for (const source of sources) expect((await app.inject(`/${source}`)).statusCode).toBe(200);
    expect((await app.inject('/docs/start.js')).body).toContain('validatorUrl: null');
  });

  it('answers 404 for any other file', async () => {
    for (const file of ['nothing', '..%2fpackage.json', '__proto__']) {
      expect((await app.inject(`/docs/${file}`)).statusCode).toBe(404);
    }
  });
});
