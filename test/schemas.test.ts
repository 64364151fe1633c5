import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolsOf } from '../src/agents/tools.ts';
import { processMemory } from '../src/budget/memory.ts';
import { atOnce, Work } from '../src/budget/work.ts';
import { writeText } from '../src/json/write.ts';
import { openapi } from '../src/openapi/document.ts';
import { openSaved } from '../src/saved/open-saved.ts';
import { describing } from '../src/service/describe-source.ts';
import type { Sources } from '../src/sources/open.ts';
import { openSources, parseConfig } from './configured.ts';
import { plan } from './plan.ts';

type Schema = Record<string, unknown>;
type Params = Record<string, unknown>;

const MONGO = { adapter: 'mongo', url: 'mongodb://127.0.0.1:9', database: 'shop' };
const config = parseConfig({
  server: { mcp: true },
  sources: {
    shop: { ...MONGO, collections: ['users', 'orders'] },
    few: { ...MONGO, collections: ['users'], stages: ['$match', '$documents', '$unionWith'], operators: ['$eq'] },
    same: { ...MONGO, collections: ['orders'], stages: ['$documents', '$unionWith', '$match'], operators: ['$ne'] },
    photos: {
      adapter: 's3',
      bucket: 'pictures',
      endpoint: 'http://127.0.0.1:9',
      region: 'r',
      accessKeyId: 'k',
      secretAccessKey: 's',
    },
    prices: {
      adapter: 'rest',
      url: 'http://127.0.0.1:9/',
      methods: ['get', 'head', 'post'],
      requestHeaders: ['accept', 'x-of'],
    },
  },
  batches: {
    book: {
      pattern: 'kv',
      tool: true,
      params: { id: { type: 'string' }, of: { type: ['integer'], default: [1] } },
      queries: {
        book: { source: 'prices', op: 'get', params: { path: [{ $param: '/id' }] }, select: { title: '/t', by: '/b' } },
        each: { source: 'prices', op: 'get', forEach: [1, 2], params: { path: [{ $item: '' }] } },
        group: { pattern: 'ordered', queries: [] },
      },
    },
    none: { pattern: 'ordered', tool: true, queries: [] },
    file: { pattern: 'ordered', queries: [{ source: 'photos', op: 'getObject', params: { key: 'a' } }] },
  },
});

const staying = new AbortController().signal;
let opened: Sources;
/** Every schema that is told to anybody, by where. */
const told = new Map<string, unknown>();
const takes = new Map<string, ValidateFunction>();

beforeAll(async () => {
  opened = await openSources(config);
  const { sources } = opened;
  const saved = await openSaved(config, sources);
  const document = atOnce(openapi(config, [...sources.values()], new Work(Infinity), saved));
  told.set('/openapi.json', document);
  for (const { name, inputSchema } of toolsOf(saved.values(), sources, true)) told.set(`tool ${name}`, inputSchema);
  const tell = describing(processMemory(1000), 500);
  const ajv = new Ajv2020({ strict: false, formats: { date: true, 'date-time': true } });
  ajv.addSchema(document, 'document');
  takes.set('KvBody', ajv.compile({ $ref: 'document#/components/schemas/KvBody' }));
  takes.set('FirstReplyBody', ajv.compile({ $ref: 'document#/components/schemas/FirstReplyBody' }));
  takes.set('none asked', ajv.compile({ $ref: 'document#/components/schemas/batch.none.asked' }));
  for (const source of sources.values()) {
    const { ops } = (await tell(source, staying)).told;
    told.set(`/sources/${source.name}`, ops);
    for (const [op, { params }] of Object.entries(ops)) takes.set(`${source.name} ${op}`, ajv.compile(params));
  }
});
afterAll(() => opened[Symbol.asyncDispose]());

it('the document is written as any JSON is, and made in turns where there are many saved batches', async () => {
  const { sources } = opened;
  const named = [...sources.values()];
  const saved = await openSaved(config, sources);
  const work = new Work(Infinity);
  const document = atOnce(openapi(config, named, work, saved));
  expect(atOnce(writeText(document, 'plain', work))).toBe(JSON.stringify(document));
  const [one] = saved.values();
  const many = new Map(Array.from({ length: 300 }, (_none, at) => [`b${at}`, { ...one!, name: `b${at}` }]));
  expect(openapi(config, named, work, many).next().done).toBe(false);
});

/** What holds schemas by their names, and what holds data, not schemas. */
const NAMED = new Set(['properties', 'schemas', '$defs', 'responses']);
const DATA = new Set(['enum', 'const', 'default', 'examples']);

/** Each part of what is told that may be a schema, with where it stands. */
function* schemasIn(node: unknown, at: string): Generator<[at: string, schema: Schema]> {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) yield [at, node as Schema];
  for (const [key, below] of Object.entries(node)) {
    if (DATA.has(key)) continue;
    if (!NAMED.has(key)) yield* schemasIn(below, `${at}/${key}`);
    else for (const [name, one] of Object.entries(below as object)) yield* schemasIn(one, `${at}/${key}/${name}`);
  }
}

const all = () => [...told].flatMap(([at, node]) => [...schemasIn(node, at)]);
const isOpen = (schema: unknown) =>
  schema === true || Object.keys(Object(schema) as object).every((keyword) => keyword === 'description');

describe('what programs make of the schemas', () => {
  it('is a list of something: each says what stands in it, as some clients of tools demand', () => {
    const lists = all().filter(([, { type }]) => [type].flat().includes('array'));
    expect(lists.length).toBeGreaterThan(50);
    expect(lists.filter(([, { items, prefixItems }]) => !items && !prefixItems).map(([at]) => at)).toEqual([]);
  });

  it('is an object with members: one that takes any says so, instead of nothing', () => {
    const objects = all().filter(([, { type }]) => [type].flat().includes('object'));
    expect(objects.length).toBeGreaterThan(100);
    const says = ['properties', 'additionalProperties', '$ref', 'anyOf', 'oneOf', 'allOf'];
    expect(objects.filter(([, schema]) => !says.some((keyword) => keyword in schema)).map(([at]) => at)).toEqual([]);
  });

  it('is an answer of which something is known', () => {
    const choices = all().filter(([at, { anyOf }]) => Array.isArray(anyOf) && /responses|[Aa]nswer$/.test(at));
    expect(choices.length).toBeGreaterThan(3);
    expect(choices.filter(([, { anyOf }]) => (anyOf as unknown[]).some(isOpen)).map(([at]) => at)).toEqual([]);
  });

  it('is known of each status: one without a schema would make that of the others any', () => {
    const contents = all().filter(([at]) => /\/responses\/\w+\/content$/.test(at));
    expect(contents.length).toBeGreaterThan(30);
    const unknown = contents.filter(([, types]) => !Object.values(types).some((one) => 'schema' in Object(one)));
    expect(unknown.map(([at]) => at)).toEqual([]);
  });

  it('does not demand what may be left out: nothing of codap has a default', () => {
    const withDefault = all().filter(([, schema]) => 'default' in schema);
    // Those of a saved batch's parameters are what its author wrote.
    expect(withDefault.filter(([at]) => !/batch\.book|\/batches\/book|tool book/.test(at)).map(([at]) => at)).toEqual(
      [],
    );
  });
});

/** Whether the planner takes a body. */
function isTaken(pattern: 'kv' | 'first-reply', body: object): boolean {
  try {
    plan(pattern, body, { sources: opened.sources, limits: config.limits });
    return true;
  } catch {
    return false;
  }
}

const users = { collection: 'users' };
const WORDS: readonly unknown[] = [
  { $result: '/first' },
  { $result: '/first/a~1b\n' },
  { $result: '' },
  { $result: 'first' },
  { $result: '/first/~' },
  { $meta: '/first/etag' },
  { $item: '' },
  { $item: '/a' },
  { $item: 'a' },
  { $param: '/a' },
  { $caller: '/sub' },
  { $join: ['a', 1, true, { $item: '' }, { $verbatim: 'b' }, { $join: ['c'] }] },
  { $join: [null] },
  { $join: [{ a: 1 }] },
  { $join: 'a' },
  { $result: '/first', a: 1 },
];
const PLAIN: readonly unknown[] = [null, true, 0, 1, -1, 1.5, '', 'a', 'text', '$a', [], [1], {}, { a: 1 }];
const numbers = ['Int', 'Long', 'Double', 'Decimal'].map((kind) => ({ [`$number${kind}`]: '1' }));
const OF_FIELDS = [...PLAIN, { $meta: 'textScore' }, { $meta: 'no' }, ...numbers, ...WORDS].flatMap((value) => [
  { a: value },
  { a: 1, 'b.c': value },
  { a: { $verbatim: value } },
]);
const ANYWHERE = [...PLAIN, ...WORDS, { '': 1 }, { $a: 1 }, { $verbatim: { a: 1 } }, { $verbatim: 'a' }];
const STAGES = [
  ...ANYWHERE,
  { $limit: 1 },
  { $limit: 1, $skip: 1 },
  { $out: 'a' },
  { $sort: { a: 1 } },
  { $documents: [] },
  { $unionWith: { pipeline: [{ $documents: [] }] } },
  { $match: { a: { $result: '/first' } } },
  { $verbatim: { $match: {} } },
];

/** A place, what may be tried there, and how what is tried stands in a query. */
type Place = readonly [place: string, tried: readonly unknown[], query: (value: never) => Params];
const of = (source: string, op: string, params: Params, beside: Params = {}) => ({ source, op, params, ...beside });

/** Where the schema and the planner say the same of all that is tried. */
const PLACES: readonly Place[] = [
  ['sort', [...ANYWHERE, ...OF_FIELDS], (sort) => of('shop', 'find', { ...users, sort })],
  [
    'hint',
    [...ANYWHERE, ...OF_FIELDS, '$**_1', '$*_1', { '$**': 1 }, { '$**_1': 1 }],
    (hint) => of('shop', 'find', { ...users, hint }),
  ],
  ['filter', ANYWHERE.filter((one) => !isKey(one, '$a')), (filter) => of('shop', 'find', { ...users, filter })],
  ['projection', [...ANYWHERE, ...OF_FIELDS], (projection) => of('shop', 'find', { ...users, projection })],
  ['pipeline', ANYWHERE, (pipeline) => of('shop', 'aggregate', { ...users, pipeline })],
  ['stage', STAGES, (stage) => of('shop', 'aggregate', { ...users, pipeline: [stage] })],
  ['sort without $meta', OF_FIELDS, (sort) => of('few', 'find', { ...users, sort })],
  ['projection without $meta', OF_FIELDS, (projection) => of('few', 'findOne', { ...users, projection })],
  ['stage of few', STAGES, (stage) => of('few', 'aggregate', { ...users, pipeline: [stage] })],
  ['limit', ANYWHERE, (limit) => of('shop', 'find', { ...users, limit })],
  ['key', ANYWHERE, (key) => of('photos', 'getObject', { key })],
  ['path', ANYWHERE, (path) => of('prices', 'get', { path })],
  ['segment', ANYWHERE, (segment) => of('prices', 'get', { path: ['a', segment] })],
  ['query of REST', OF_FIELDS, (query) => of('prices', 'get', { query })],
  ['select', [...ANYWHERE, ...OF_FIELDS], (select) => of('prices', 'get', {}, { select })],
  // There is no item around it.
  ['forEach', ANYWHERE.filter((one) => !isKey(one, '$item')), (forEach) => of('prices', 'get', {}, { forEach })],
  ['concurrency', [0, 1, 8, 'a'], (concurrency) => of('prices', 'get', {}, { concurrency })],
  [
    'concurrency beside forEach',
    [0, 1, 8, 'a'],
    (concurrency) => of('prices', 'get', {}, { concurrency, forEach: [1] }),
  ],
];

function isKey(value: unknown, key: string): boolean {
  return Object.keys(Object(value) as object).join() === key;
}

const VERBATIM = PLAIN.map((value) => ({ $verbatim: value }));
const LISTS = [
  of('shop', 'find', users),
  of('shop', 'aggregate', { ...users, pipeline: [] }),
  of('photos', 'listObjects', {}),
];
const OTHERS = [
  of('shop', 'findOne', users),
  of('few', 'countDocuments', users),
  of('photos', 'getObject', { key: 'a' }),
  of('prices', 'get', {}),
  of('prices', 'head', {}),
  of('prices', 'post', {}),
];
const BESIDE_STREAM: readonly Params[] = [
  {},
  { select: '' },
  { select: { a: '/a' } },
  { accept: 'found' },
  { accept: 'any' },
  { default: null },
  { select: '/a', accept: 'any', default: [] },
  { hidden: true, required: true, as: 'a', when: true, unless: false, timeoutMs: 5, forEach: [1], concurrency: 2 },
];

/** What two parts of a query say together, with queries that say it. */
const TOGETHER: readonly (readonly [what: string, queries: readonly Params[]])[] = [
  [
    'a stream and what needs a value',
    BESIDE_STREAM.flatMap((beside) => [true, false].map((stream) => ({ ...LISTS[0], stream, ...beside }))),
  ],
  ['a stream and an op', [...LISTS, ...OTHERS].flatMap((one) => [true, false].map((stream) => ({ ...one, stream })))],
  [
    'the params, verbatim',
    // Which keys they have no schema looks at.
    VERBATIM.filter(({ $verbatim }) => !isKey($verbatim, 'a')).map((params) => ({
      source: 'photos',
      op: 'listObjects',
      params,
    })),
  ],
  ['a forEach, verbatim', VERBATIM.map((forEach) => of('prices', 'get', {}, { forEach }))],
  ['an as, verbatim', VERBATIM.map((as) => of('prices', 'get', {}, { as }))],
  ['a part of a $join, verbatim', VERBATIM.map((one) => of('prices', 'get', { path: ['a', { $join: [one] }] }))],
];

describe('the schema of a body and the planner say the same', () => {
  it.each(TOGETHER)('of %s', (_what, queries) => {
    const said = queries.map((one) => {
      const body = { queries: { one } };
      return { one, fits: takes.get('KvBody')!(body), is: isTaken('kv', body) };
    });
    expect(said.filter(({ fits, is }) => fits !== is).map(({ one }) => JSON.stringify(one))).toEqual([]);
    expect(new Set(said.map(({ is }) => is)).size).toBe(2);
  });

  it('of a trace and a shape', () => {
    const said = [undefined, true, false].flatMap((trace) =>
      [undefined, 'values', 'replies'].map((shape) => JSON.parse(JSON.stringify({ trace, shape })) as Params),
    );
    const refused = said.filter((one) => !isTaken('kv', { queries: {}, ...one }));
    expect(refused).toEqual([{ trace: true, shape: 'values' }]);
    expect(said.filter((one) => !takes.get('KvBody')!({ queries: {}, ...one }))).toEqual(refused);
    expect(said.filter((one) => !takes.get('none asked')!(one))).toEqual(refused);
  });

  it.each(PLACES)('of a %s', (place, tried, query) => {
    expect(tried.length).toBeGreaterThan(3);
    const differing = tried.flatMap((value) => {
      const one = query(value as never);
      const each = { ...('forEach' in one ? {} : { forEach: [1] }), ...one };
      const body = { queries: { first: of('prices', 'get', {}), one: place.startsWith('concurrency') ? one : each } };
      const fits = takes.get('KvBody')!(body);
      const text = JSON.stringify(value);
      // What is verbatim no schema looks into.
      if (fits === isTaken('kv', body) || (fits && text.includes('$verbatim'))) return [];
      return [`${text}: the schema ${fits ? 'takes' : 'refuses'} it`];
    });
    expect(differing).toEqual([]);
  });

  it('of hedgeMs, which needs a take', () => {
    const queries = [of('prices', 'get', {})];
    for (const more of [{ hedgeMs: 5 }, { hedgeMs: 5, take: 1 }, { take: 1 }]) {
      const group = { pattern: 'first-reply', queries, ...more };
      expect(takes.get('FirstReplyBody')!({ queries, ...more })).toBe(isTaken('first-reply', { queries, ...more }));
      expect(takes.get('KvBody')!({ queries: { group } })).toBe(isTaken('kv', { queries: { group } }));
    }
  });
});

describe('the description of a source', () => {
  it.each([
    ['shop find', users, true],
    ['shop find', { collection: 'others' }, false],
    ['shop aggregate', { collection: 'others', pipeline: [] }, false],
    // Its params may be those of a saved batch, too.
    ['shop find', { ...users, filter: { a: { $param: '/a' } }, limit: { $caller: '/most' } }, true],
  ])('tells which collections it has: %s %j', (op, params, is) => {
    expect(takes.get(op)!(params)).toBe(is);
  });

  it.each([
    ['shop aggregate', { ...users, pipeline: [{ $sort: { a: 1 } }] }, true],
    ['few aggregate', { ...users, pipeline: [{ $sort: { a: 1 } }] }, false],
    ['few aggregate', { ...users, pipeline: [{ $match: {} }] }, true],
    ['few aggregate', { collection: 'orders', pipeline: [] }, false],
    ['few aggregate', { ...users, pipeline: [{ $documents: [] }] }, false],
    ['few find', { ...users, sort: { a: { $meta: 'textScore' } } }, false],
    ['few find', { ...users, projection: { a: { $meta: 'textScore' } } }, false],
    ['shop find', { ...users, projection: { a: { $meta: 'textScore' } } }, true],
  ])('is as narrow as its operator has made it: %s %j', (op, params, is) => {
    expect(takes.get(op)!(params)).toBe(is);
  });

  it('names the headers that a query may set', () => {
    expect(JSON.stringify(told.get('/sources/prices'))).toContain('Those that the source allows: accept, x-of.');
  });
});

it('the schema of params is one for all sources that narrow it alike', () => {
  const { components } = told.get('/openapi.json') as { components: { schemas: Record<string, Schema> } };
  const names = Object.keys(components.schemas).filter((name) => /^\w+\.\w+\.params/.test(name));
  const narrowed = ['mongo.findOne.params.few', 'mongo.find.params.few', 'mongo.aggregate.params.few'];
  expect(names.filter((name) => name.startsWith('mongo')).toSorted()).toEqual(
    [
      ...['findOne', 'find', 'aggregate', 'countDocuments', 'distinct'].map((op) => `mongo.${op}.params`),
      ...narrowed,
    ].toSorted(),
  );
  expect(names).toEqual(expect.arrayContaining(['rest.get.params', 'rest.head.params']));
  const branches = components.schemas['Query']!['anyOf'] as {
    properties: { source: unknown; op: { const: string } };
  }[];
  const sourcesOf = (op: string) =>
    branches.filter((one) => one.properties.op.const === op).map((one) => one.properties.source);
  expect(sourcesOf('aggregate')).toEqual([{ enum: ['shop'] }, { enum: ['few', 'same'] }]);
  expect(sourcesOf('distinct')).toEqual([{ enum: ['shop', 'few', 'same'] }]);
  expect(sourcesOf('head')).toEqual([{ enum: ['prices'] }]);
});
