import { setTimeout as pause } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../src/callers/api-keys.ts';
import { buildApp } from '../src/service/app.ts';
import { CODES } from '../src/errors.ts';
import { encodings, mediaTypes } from '../src/encodings/index.ts';
import type { Sources } from '../src/sources/open.ts';
import type { FastifyInstance } from 'fastify';
import { openSaved } from '../src/saved/open-saved.ts';
import { checkConfig, openSources, parseConfig } from './configured.ts';
import { startTexts } from './service.ts';

type Schema = Record<string, unknown>;
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Schema>; headers: Record<string, Schema> };
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: {
    content: Record<string, { schema: Schema; examples: Record<string, { value: { queries: object } }> }>;
  };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }>; $ref?: string }>;
}

/** A route of a saved batch that says what it is answered in. */
const extensions = [...encodings.map(({ extension }) => extension), 'html'];
const ENDING = new RegExp(`^(/batches/[a-z]+)\\.(?:${extensions.join('|')})$`);

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
    texts: { adapter: 'rest', url: texts.url },
  },
  batches: {
    book: {
      pattern: 'kv',
      description: 'A book, and who reads it.',
      params: {
        sku: { type: 'string', pattern: '^[a-z]+$', description: 'Of the book.' },
        of: { type: ['integer'], maxItems: 3, default: [1] },
      },
      maxAgeSeconds: 5,
      queries: {
        book: {
          source: 'texts',
          op: 'get',
          params: { path: [{ $param: '/sku' }] },
          select: { title: '/title', by: { name: '/author', in: { $param: '/sku' } }, all: '' },
        },
        gone: { source: 'texts', op: 'get', params: { path: '/gone' }, select: { a: '/a' }, default: { none: 1 } },
        hidden: { source: 'texts', op: 'get', hidden: true, params: { path: '/gone' } },
        each: {
          source: 'texts',
          op: 'get',
          forEach: ['book', 'gone'],
          select: { of: '/title' },
          params: { path: [{ $item: '' }] },
        },
        tried: {
          source: 'texts',
          op: 'get',
          forEach: ['book', 'gone'],
          select: { of: '/title' },
          default: { none: 1 },
          params: { path: [{ $item: '' }] },
        },
        raced: {
          pattern: 'first-reply',
          take: 1,
          queries: [{ source: 'texts', op: 'get', select: { title: '/title' }, params: { path: '/book' } }],
        },
        group: {
          pattern: 'ordered',
          queries: [
            { as: 'x', source: 'texts', op: 'get', select: { title: '/title' }, params: { path: '/book' } },
            { source: 'texts', op: 'get', select: { a: '/a' }, params: { path: '/gone' } },
          ],
        },
        failing: {
          pattern: 'kv',
          queries: {
            gone: { source: 'texts', op: 'get', required: true, select: { a: '/a' }, params: { path: '/gone' } },
            slow: { source: 'prices', op: 'get', params: { path: '/x' } },
          },
        },
      },
    },
    listed: {
      pattern: 'first-reply',
      take: 1,
      queries: [
        { source: 'texts', op: 'get', select: { title: '/title' }, params: { path: '/book' } },
        { source: 'texts', op: 'get', select: { a: '/a' }, params: { path: '/gone' } },
      ],
    },
    none: { pattern: 'ordered', queries: [] },
    nobody: { pattern: 'first-reply', queries: [] },
    file: { pattern: 'ordered', queries: [{ source: 'photos', op: 'getObject', params: { key: 'a' } }] },
    whole: { pattern: 'kv', queries: { book: { source: 'texts', op: 'get', params: { path: '/book' } } } },
    list: { pattern: 'ordered', queries: [{ source: 'texts', op: 'get', params: { path: '/list' } }] },
  },
});

let texts: Awaited<ReturnType<typeof startTexts>>;
let app: FastifyInstance;
let opened: Sources;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  texts = await startTexts(
    new Map([
      ['/book', '{"title":"Nine Bridges","author":"B. Ridge"}'],
      ['/list', '[1,"two"]'],
    ]),
  );
  const config = await checkConfig(raw({ mcp: true }));
  opened = await openSources(config);
  app = await buildApp(config, { sources: opened.sources, saved: await openSaved(config, opened.sources) });
  await app.ready();
  document = (await app.inject('/openapi.json')).json();
  ajv = new Ajv2020({ strict: false, formats: { uri: true } });
  ajv.addSchema(document, 'document');
});
afterAll(async () => {
  await app.close();
  await opened[Symbol.asyncDispose]();
  await texts.close();
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, { parameters: _shared, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** Compiling these schemas holds up the event loop, and for a moment the service refuses batches. */
async function served(request: { method: 'GET' | 'POST'; url: string; payload?: object }) {
  for (;;) {
    const answer = await app.inject(request);
    if (answer.statusCode !== 503) return answer;
    await pause(50);
  }
}

const post = (url: string, payload: object) => served({ method: 'POST', url, payload });
const get = (url: string) => served({ method: 'GET', url });

/** Whether a value fits a schema of the document; what does not fit, else an empty list. */
function misfits(name: string, value: unknown): unknown[] {
  const validate = ajv.getSchema(`document#/components/schemas/${name}`);
  if (!validate) throw new Error(`no schema ${name}`);
  return validate(value) ? [] : (validate.errors ?? []);
}

/** The JSON of a 200. */
function jsonOf(path: string, method: 'get' | 'post'): Schema {
  return document.paths[path]![method]!.responses['200']!.content!['application/json']!.schema!;
}

/** The name of what a batch answers as JSON. */
function answerOf(path: string, method: 'get' | 'post'): string {
  return String(jsonOf(path, method)['$ref']).split('/').at(-1)!;
}

/** A value with each of its parts, and itself, written as what is verbatim. */
function verbatims(value: unknown): unknown[] {
  const below = Object.entries(Object(value) as object).flatMap(([key, member]) =>
    typeof value === 'object' ? verbatims(member).map((one) => replaced(value as object, key, one)) : [],
  );
  return [{ $verbatim: value }, ...below];
}

function replaced(holder: object, key: string, member: unknown): unknown {
  return Array.isArray(holder) ? holder.with(Number(key), member) : { ...holder, [key]: member };
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

  it('says that nobody needs a key, where there are no callers', () => {
    expect(document).toMatchObject({ security: [] });
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
      const faults = 'default' in operation.responses ? [] : ['400', '405', '408', '421', '431', '501'];
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', ...faults]));
    }
  });

  it('has every route of the app, and no other', () => {
    const routes: string[] = [];
    const parts: string[] = [];
    for (const line of app.printRoutes({ commonPrefix: false }).trimEnd().split('\n')) {
      const [, indent, part, methods] = /^(.*)[├└]── (\S+)(?: \(([^)]+)\))?$/.exec(line)!;
      parts.splice(indent!.length / 4, Infinity, part!);
      const url = parts
        .join('')
        .replace(/:(\w+)/, '{$1}')
        .replace(/^(\/docs|\/playground)\/.+/, '$1/{file}')
        .replace(ENDING, '$1.{ending}');
      // That all others which answer GET answer HEAD, too, is said once.
      for (const method of methods?.split(', ') ?? [])
        if (method !== 'HEAD' || url.startsWith('/batches/')) routes.push(`${method} ${url}`);
    }
    expect(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual([...new Set(routes)].toSorted());
  });

  it.each(['book', 'listed', 'file'])(
    'names the endings of the saved batch %s that it can be answered in',
    async (name) => {
      const { batches } = (await app.inject('/batches')).json<{ batches: { name: string; mediaTypes: string[] }[] }>();
      const { mediaTypes: own } = batches.find((batch) => batch.name === name)!;
      const { parameters } = document.paths[`/batches/${name}.{ending}`] as unknown as { parameters: [Parameter] };
      expect(parameters[0].schema).toEqual({
        type: 'string',
        enum: encodings.filter(({ mediaType }) => own.includes(mediaType)).map(({ extension }) => extension),
      });
    },
  );

  it('lists for each batch every status with which it may fail', () => {
    const statuses = Object.values(CODES).map(({ http }) => String(http));
    const batches = Object.entries(document.paths).filter(([path]) =>
      /^\/(?:kv|ordered|first-reply|batches\/.*)$/.test(path),
    );
    expect(batches.length).toBeGreaterThan(10);
    for (const [path, { get, post }] of batches) {
      for (const operation of [get, post]) {
        if (!operation) continue;
        const missing = new Set([...statuses, '400', '405', '406', '408', '421', '431']).difference(
          new Set(Object.keys(operation.responses)),
        );
        expect([path, ...missing]).toEqual([path]);
        // No claim of a caller is looked at here.
        expect(operation.responses).not.toHaveProperty('403');
      }
    }
  });

  it('lists every media type an answer can have, the stored one of raw bytes too, and their other statuses', () => {
    for (const path of ['/kv', '/ordered', '/first-reply']) {
      const { responses } = document.paths[path]!['post']!;
      expect(Object.keys(responses['200']!.content!)).toEqual([...mediaTypes, '*/*']);
      expect(responses).toMatchObject({ '206': {}, '304': { headers: {} } });
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
      expect(misfits(answerOf(path, 'post'), answer.json())).toEqual([]);
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
    ['a query of REST that is no object', { source: 'prices', op: 'get', params: { query: 5 } }],
    ['an object in such a query', { source: 'prices', op: 'get', params: { query: { a: { b: 1 } } } }],
    ['a reference in the place of such a query', { source: 'prices', op: 'get', params: { query: { $param: '/a' } } }],
    ['a list as a header', { source: 'prices', op: 'get', params: { headers: { accept: ['a'] } } }],
    ['a verbatim value beside others', { source: 'prices', op: 'get', params: { path: { $verbatim: '/', a: 1 } } }],
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

  it.each([
    ['get', { query: { a: { $result: '/first' }, b: ['x', 1, true, { $item: '' }] } }],
    ['get', { headers: { accept: { $join: ['a/', { $result: '/first' }] } }, path: ['a', { $result: '/first' }] }],
    ['post', { body: { a: [{ $result: '/first' }] }, query: {} }],
    ['post', { body: { $result: '/first' } }],
  ])('takes references where a REST source takes them: %s %j', async (op, params) => {
    const queries = { first: { source: 'prices', op: 'get' }, a: { source: 'prices', op, params, forEach: ['a'] } };
    expect(misfits('KvBody', { queries })).toEqual([]);
    expect((await post('/kv?explain', { queries })).json()).toMatchObject({ queries: {} });
  });

  const collation = { locale: 'en', strength: 2, numericOrdering: true };
  it.each([
    [
      'shop',
      'find',
      { collection: 'users', filter: { a: 1 }, limit: 3, skip: 1, sort: { a: 1 }, hint: 'a', collation },
    ],
    ['shop', 'aggregate', { collection: 'users', pipeline: [{ $limit: 1 }], batchSize: 2, ejson: 'relaxed' }],
    ['shop', 'distinct', { collection: 'users', key: 'a' }],
    ['photos', 'getObject', { key: 'a', range: 'bytes=0-9', format: 'json' }],
    ['photos', 'listObjects', { prefix: 'a', limit: 2 }],
    ['prices', 'get', { path: '/products', query: { a: 'b', c: [1, 'd'] }, headers: { accept: 'a/b' } }],
    ['prices', 'post', { path: ['a', 1], body: { a: [1] } }],
  ])('takes a verbatim value wherever the service does: %s %s', async (source, op, params) => {
    const query = { source, op, params };
    const bodies = [
      ...verbatims(params).map((one) => ({ ...query, params: one })),
      { ...query, forEach: { $verbatim: [1] } },
      { ...query, as: { $verbatim: 'a' }, when: { $verbatim: 1 }, select: { $verbatim: 1 }, default: { $verbatim: 1 } },
    ];
    expect(bodies.length).toBeGreaterThan(4);
    const told = (await app.inject(`/sources/${source}`)).json<{ ops: Record<string, { params: Schema }> }>();
    const takes = new Ajv2020({ strict: false }).compile(told.ops[op]!.params);
    for (const one of bodies) {
      expect(misfits('KvBody', { queries: { one } }), JSON.stringify(one)).toEqual([]);
      expect(takes(one.params), JSON.stringify(one)).toBe(true);
      const answer = await post('/kv?explain', { queries: { one } });
      expect(answer.statusCode, answer.payload).toBe(200);
    }
  });

  it.each([{ $join: ['a'] }, { x: 1 }, 'x', 5])('refuses %j as a forEach, as the service does', async (forEach) => {
    const query = { source: 'shop', op: 'find', params: { collection: 'users' }, forEach };
    expect(misfits('KvBody', { queries: { query } })).not.toEqual([]);
    expect((await post('/kv', { queries: { query } })).statusCode).toBe(400);
  });

  it.each([
    [200, { id: 1, method: 'ping' }],
    [200, { id: 'a', method: 'ping', params: { a: [1] } }],
    [202, { method: 'notifications/initialized' }],
    [202, { id: 1, result: {} }],
    [202, { id: 1, error: { code: 1, message: 'a' } }],
    [202, { error: { code: 1, message: 'a' } }],
    [400, {}],
    [400, { id: 1 }],
    [400, { result: {} }],
    [400, { id: 1, result: 5 }],
    [400, { id: 1, error: 'a' }],
    [400, { id: null, method: 'ping' }],
    [400, { id: 1.5, method: 'ping' }],
    [400, { id: 1, method: 5 }],
    [400, { id: 1, method: 'ping', params: [] }],
  ])('tells which messages /mcp takes: %i for %j', async (status, said) => {
    const payload = { jsonrpc: '2.0', ...said };
    const headers = { accept: 'application/json, text/event-stream' };
    expect((await app.inject({ method: 'POST', url: '/mcp', headers, payload })).statusCode).toBe(status);
    const { schema } = document.paths['/mcp']!['post']!.requestBody!.content['application/json']!;
    expect(ajv.validate(schema, payload)).toBe(status < 400);
  });

  it.each([
    ['/health/live'],
    ['/health/ready'],
    ['/sources'],
    ['/batches'],
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

it('names each of the limits of the server that /limits answers', async () => {
  const { server } = (await app.inject('/limits')).json<{ server: object }>();
  const { schema } = document.paths['/limits']!['get']!.responses['200']!.content!['application/json']!;
  expect(schema).toMatchObject({ properties: { server: { required: Object.keys(server) } } });
});

describe('where there are callers', () => {
  const key = makeKey();
  let told: Document & { components: { securitySchemes: object } };
  beforeAll(async () => {
    const callers = {
      web: { keys: [hashedKey(key)], sources: ['texts'], adhoc: true, batches: ['book'], metrics: true },
    };
    const config = await checkConfig({ ...raw({ mcp: true }), callers });
    const saved = await openSaved(config, opened.sources);
    await using other = await buildApp(config, { sources: opened.sources, saved });
    told = (await other.inject({ url: '/openapi.json', headers: { 'x-api-key': key } })).json();
  });

  it('it says how a caller says who it is, and how each operation refuses', () => {
    const { paths, components } = told;
    expect(Object.keys(components.securitySchemes)).toEqual(['key', 'bearer']);
    for (const [, kind, name] of JSON.stringify(told).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g))
      expect(components[kind as keyof Document['components']], `${kind} ${name}`).toHaveProperty([name!]);
    for (const [path, { parameters: _, ...methods }] of Object.entries(paths)) {
      for (const operation of Object.values(methods) as (Operation & { security: object[] })[]) {
        const isOpen = /^\/(?:$|(?:health|docs)\b)/.test(path);
        expect(operation.security).toEqual(isOpen ? [] : [{ key: [] }, { bearer: [] }]);
        expect(['401', '429'].every((status) => status in operation.responses)).toBe(!isOpen);
      }
    }
  });

  it('it has what there is for the caller who asks', () => {
    const { paths, components } = told;
    expect(Object.keys(paths).filter((path) => path.startsWith('/batches/'))).toEqual([
      '/batches/book',
      '/batches/book.{ending}',
    ]);
    expect(components.schemas['Query']).toMatchObject({ properties: { source: { enum: ['texts'] } } });
    expect(Object.keys(components.schemas).filter((name) => /^(?:mongo|s3)\./.test(name))).toEqual([]);
    expect(document.components).not.toHaveProperty('securitySchemes');
  });
});

describe('JSON that is sent as it is stored', () => {
  it.each([
    ['/kv', 'post', 'KvAnswer'],
    ['/ordered', 'post', 'OrderedAnswer'],
    ['/first-reply', 'post', 'FirstReplyAnswer'],
    ['/batches/whole', 'get', 'batch.whole.answer'],
    ['/batches/whole', 'post', 'batch.whole.answer'],
    ['/batches/list.{ending}', 'get', 'batch.list.answer'],
  ] as const)(
    'may be any, as %s says in words, so that of the answer itself all is known: %s',
    (path, method, name) => {
      const { description } = document.paths[path]![method]!.responses['200']!;
      expect(description).toContain('Where `application/octet-stream` is asked for it is what is stored');
      expect(jsonOf(path, method)).toEqual({ $ref: `#/components/schemas/${name}` });
    },
  );

  it('is told of only where it can be had', () => {
    expect(document.paths['/batches/book']!['get']!.responses['200']!.description).not.toContain('stored');
    expect(jsonOf('/batches/book', 'get')).toEqual({ $ref: '#/components/schemas/batch.book.answer' });
  });
});

describe('saved batches', () => {
  const asked = (path: string, method: 'get' | 'post') => document.paths[path]![method]!;

  it('are operations with their description, parameters and body', () => {
    const get = asked('/batches/book', 'get');
    expect(get).toMatchObject({
      description: 'A book, and who reads it.',
      parameters: [
        {
          name: 'sku',
          in: 'query',
          required: true,
          description: 'Of the book.',
          schema: { type: 'string', pattern: '^[a-z]+$' },
        },
        {
          name: 'of',
          required: false,
          style: 'form',
          explode: true,
          schema: { type: 'array', items: { type: 'integer' }, maxItems: 3, default: [1] },
        },
        { name: 'explain' },
      ],
    });
    const ended = asked('/batches/book.{ending}', 'get');
    expect(ended.parameters).toEqual(get.parameters);
    expect(ended.operationId).not.toBe(get.operationId);
    const { schema } = asked('/batches/book', 'post').requestBody!.content['application/json']!;
    const body = (value: unknown) => misfits(String(schema['$ref']).split('/').at(-1)!, value).length === 0;
    expect(
      [
        { params: { sku: 'a', of: [1, 2] }, shape: 'values' },
        { params: { sku: 'a' }, trace: true },
        { params: { sku: 'a' }, trace: true, shape: 'replies' },
      ].map((one) => body(one)),
    ).toEqual([true, true, true]);
    expect(
      [
        {},
        { params: {} },
        { params: { sku: 1 } },
        { params: { sku: 'a', no: 1 } },
        { params: { sku: 'a' }, trace: true, shape: 'values' },
      ].map((one) => body(one)),
    ).toEqual([false, false, false, false, false]);
  });

  it('tell each media type they are answered in, and of caching where there is any', () => {
    const of = (path: string, method: 'get' | 'post') => asked(path, method).responses;
    expect(Object.keys(of('/batches/file', 'get')['200']!.content!)).toEqual([...mediaTypes, '*/*']);
    expect(Object.keys(of('/batches/book', 'get')['200']!.content!)).not.toContain('application/octet-stream');
    expect(of('/batches/file', 'get')).toMatchObject({ '206': {}, '304': {} });
    expect(of('/batches/book', 'get')).not.toHaveProperty('206');
    expect(of('/batches/book', 'get')).toMatchObject({
      '200': { headers: { 'Cache-Control': {}, ETag: {}, Vary: {} } },
      '304': { headers: { 'Cache-Control': {}, ETag: {}, Vary: {} } },
    });
    expect(of('/batches/book', 'post')).not.toHaveProperty('304');
  });

  it.each([
    ['get', '/batches/book?sku=book', undefined],
    ['get', '/batches/book.json?sku=book', undefined],
    ['get', '/batches/book?sku=gone', undefined],
    ['get', '/batches/book?sku=book&explain', undefined],
    ['post', '/batches/book', { params: { sku: 'book' }, shape: 'values' }],
    ['post', '/batches/book', { params: { sku: 'book' }, trace: true }],
    ['post', '/batches/book.json', { params: { sku: 'gone' }, shape: 'values' }],
    ['get', '/batches/none', undefined],
    ['post', '/batches/nobody', { shape: 'values' }],
    ['get', '/batches/listed', undefined],
    ['post', '/batches/listed', { shape: 'values' }],
  ] as const)('answer what they say they do: %s %s %j', async (method, path, body) => {
    const answer = body ? await post(path, body) : await get(path);
    expect(answer.statusCode).toBe(200);
    const operation = path.replace(/\?.*/, '').replace(/\.json$/, '.{ending}');
    expect(misfits(answerOf(operation, method), answer.json())).toEqual([]);
  });

  it('have the shape of what their `select` makes', async () => {
    const answer = (await get('/batches/book?sku=book')).json();
    const { book, each, raced, group } = answer.results;
    expect(misfits('batch.book.answer', answer)).toEqual([]);
    const others = [
      { ...book, value: { ...book.value, more: 1 } },
      { ...book, value: { title: 'a', by: { name: 'b' }, all: null } },
      { ...book, value: null },
    ];
    for (const other of others)
      expect(misfits('batch.book.answer', { ...answer, results: { ...answer.results, book: other } })).not.toEqual([]);
    for (const [name, wrong] of Object.entries({
      each: { ...each, replies: [{ ...each.replies[0], value: { no: 1 } }] },
      raced: { ...raced, value: {} },
      group: { ...group, replies: group.replies.toReversed() },
    }))
      expect(
        misfits('batch.book.answer', { ...answer, results: { ...answer.results, [name]: wrong } }),
        name,
      ).not.toEqual([]);
  });
});

it('the default of a forEach is that of each of its items, never of the whole list', async () => {
  const values = (await post('/batches/book', { params: { sku: 'book' }, shape: 'values' })).json();
  expect(values.tried).toEqual([{ of: 'Nine Bridges' }, { none: 1 }]);
  expect(misfits('batch.book.answer', values)).toEqual([]);
  expect(misfits('batch.book.answer', { ...values, tried: null })).toEqual([]);
  expect(misfits('batch.book.answer', { ...values, tried: { none: 1 } })).not.toEqual([]);
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
    const config = await checkConfig(raw({ adhoc: false }));
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
    expect(sources).toHaveLength(6);
    for (const source of sources) expect((await app.inject(`/${source}`)).statusCode).toBe(200);
    expect((await app.inject('/docs/start.js')).body).toContain('validatorUrl: null');
  });

  it('answers 404 for any other file', async () => {
    for (const file of ['nothing', '..%2fpackage.json', '__proto__']) {
      expect((await app.inject(`/docs/${file}`)).statusCode).toBe(404);
    }
  });
});
