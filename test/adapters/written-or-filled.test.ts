import { afterAll, describe, expect, it } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import { toJsonSchema } from '../../src/openapi/schema-of.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { openSources, parseConfig } from '../configured.ts';

const config = parseConfig({
  sources: {
    mongo: { adapter: 'mongo', url: 'mongodb://127.0.0.1:1', database: 'shop', collections: ['users'] },
    s3: { adapter: 's3', bucket: 'photos', endpoint: 'http://127.0.0.1:1', accessKeyId: 'k', secretAccessKey: 's' },
    rest: { adapter: 'rest', url: 'http://127.0.0.1:1/', methods: ['get', 'head', 'post'] },
  },
});
const { sources, ...opened } = await openSources(config);
afterAll(() => opened[Symbol.asyncDispose]());

/** Scalars of each kind, within what is allowed somewhere, at its ends, and beyond. */
const SCALARS: readonly unknown[] = [
  [true, false, null],
  ['', ' ', 'a', '5', 'a b', 'é', '☃', 'a/b', '..', 'a/../b', '.', '%2e%2e', '%', '?#', '\0', 'a\nb', '$a', '$$ROOT'],
  ['k'.repeat(1024), 'k'.repeat(1025), 'k'.repeat(8193), '☃'.repeat(400)],
  [0, -0, 1, -1, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, -(2 ** 53), 1e16, 1e300, 1e-300],
].flat();

type Put = (value: unknown) => Record<string, unknown>;

/** What stands for its text where it is filled in, and may not be written out: it would be a slip. */
const FILLED_IN_ALONE: Record<string, readonly string[]> = {
  'path, as a segment': ['boolean'],
  key: ['number', 'boolean'],
};

const users = { collection: 'users' };
const matched = (value: unknown) => ({ ...users, pipeline: [{ $match: { a: value } }] });
const requests: Record<string, Put> = {
  'path, as a segment': (value) => ({ path: ['a', value] }),
  query: (value) => ({ query: { a: value } }),
  'query, in a list': (value) => ({ query: { a: ['x', value] } }),
  headers: (value) => ({ headers: { accept: value } }),
};

/**
 * Where a reference may stand for a scalar, by op; but for Extended JSON, which takes the text of what is
 * filled in, and texts alone where it is written out. What stands before a comma is a name of its params.
 */
const PLACES: Record<string, Record<string, Record<string, Put>>> = {
  mongo: {
    findOne: { skip: (skip) => ({ ...users, skip }) },
    find: {
      skip: (skip) => ({ ...users, skip }),
      limit: (limit) => ({ ...users, limit }),
      'filter, in $size': (size) => ({ ...users, filter: { a: { $size: size } } }),
      'filter, in $gt': (value) => ({ ...users, filter: { a: { $gt: value } } }),
      'filter, in $in': (value) => ({ ...users, filter: { a: { $in: [value] } } }),
    },
    countDocuments: { skip: (skip) => ({ ...users, skip }), limit: (limit) => ({ ...users, limit }) },
    aggregate: {
      'pipeline, in $limit': (limit) => ({ ...users, pipeline: [{ $limit: limit }] }),
      'pipeline, in $skip': (skip) => ({ ...users, pipeline: [{ $skip: skip }] }),
      'pipeline, in $match': (value) => matched({ $ne: value }),
    },
    distinct: { 'filter, in $ne': (value) => ({ ...users, key: 'a', filter: { a: { $ne: value } } }) },
  },
  s3: {
    getObject: { key: (key) => ({ key }) },
    headObject: { key: (key) => ({ key }) },
    presignGetObject: { key: (key) => ({ key }) },
  },
  rest: {
    get: requests,
    head: requests,
    post: {
      ...requests,
      body: (body) => ({ body }),
      'body, within': (value) => ({ body: { a: [value] } }),
    },
  },
};

/** What a source makes of params; nothing where it refuses them. */
function made(name: string, op: string, params: Record<string, unknown>): { readonly query: unknown } | undefined {
  let refused = false;
  const query = sources.get(name)!.prepare(op, params, () => void (refused = true));
  return refused ? undefined : { query };
}

/** The names of an op's params in which its schema lets a reference stand. */
function fillableIn(name: string, op: string): string[] {
  const { properties } = toJsonSchema(adapters[name]!.ops[op]!.params) as { properties: Record<string, object> };
  return Object.keys(properties).filter((param) => JSON.stringify(properties[param]).includes('/Reference"'));
}

const ops = Object.entries(PLACES).flatMap(([name, byOp]) => Object.keys(byOp).map((op) => [name, op] as const));

it.each(Object.keys(PLACES))('each place of %s where a scalar may be filled in is known here', (name) => {
  for (const op of Object.keys(adapters[name]!.ops)) {
    const known = new Set(Object.keys(PLACES[name]![op] ?? {}).map((place) => place.replace(/,.*/, '')));
    expect(fillableIn(name, op).filter((param) => !known.has(param))).toEqual([]);
  }
});

describe.each(ops)('%s, %s: a scalar is taken, and sent, alike', (name, op) => {
  it.each(Object.keys(PLACES[name]![op]!))('written out or filled in: %s', (place) => {
    const put = PLACES[name]![op]![place]!;
    for (const value of SCALARS) {
      if (FILLED_IN_ALONE[place]?.includes(typeof value)) continue;
      const written = made(name, op, put(value));
      expect(made(name, op, put(new Filled(value))), JSON.stringify(value)?.slice(0, 30)).toEqual(written);
    }
  });
});
