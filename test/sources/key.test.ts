import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Adapter } from '../../adapters/adapter.ts';
import { mongo } from '../../adapters/mongo.ts';
import { rest } from '../../adapters/rest.ts';
import { s3 } from '../../adapters/s3.ts';
import { keyOf } from '../../src/sources/key.ts';
import type { Caller } from '../../src/store/fetch.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { source as mongoOptions } from '../adapters/mongo/checked.ts';
import { restOptions } from '../adapters/rest-source.ts';
import { s3Options } from '../adapters/s3-source.ts';
import { compile } from '../adapters/source.ts';

type Asked = readonly [op: string, params: Record<string, unknown>];

const NOBODY: Caller = { headers: {} };

/** The key of what a source of this kind is asked, its params compiled as codap does. */
function keysOf<O>(adapter: Adapter<O>, options: O) {
  return ([op, params]: Asked, caller = NOBODY): string | undefined => {
    const { query, faults } = compile(adapter, options, op, params);
    expect(faults).toEqual([]);
    return keyOf({ op, params: query, want: 'value' }, caller);
  };
}

const ofMongo = keysOf(mongo, mongoOptions());
const ofRest = keysOf(rest, restOptions({ url: 'http://api/v1/', methods: ['get', 'head', 'post'] }));
const ofS3 = keysOf(s3, s3Options({}));

/** More than a body holds that is written before it is sent. */
const MANY = Array.from({ length: 9000 }, (_, at) => at);
const FILTER = { a: { $gt: 1 }, b: 2 };

/** What each op may be asked, all of it at once. */
const WHOLE: readonly [string, (asked: Asked, caller?: Caller) => string | undefined, Asked][] = [
  ['mongo', ofMongo, ['findOne', { collection: 'users', ejson: 'canonical', filter: FILTER, sort: { a: 1 }, skip: 1 }]],
  ['mongo', ofMongo, ['find', { collection: 'users', projection: { a: 1 }, hint: 'a', limit: 2, batchSize: 3 }]],
  ['mongo', ofMongo, ['find', { collection: 'users', collation: { locale: 'de', strength: 2, caseLevel: true } }]],
  ['mongo', ofMongo, ['aggregate', { collection: 'users', pipeline: [{ $match: FILTER }], hint: 'a', batchSize: 3 }]],
  ['mongo', ofMongo, ['countDocuments', { collection: 'users', filter: FILTER, skip: 1, limit: 2 }]],
  ['mongo', ofMongo, ['distinct', { collection: 'users', key: 'a', filter: FILTER }]],
  ['rest', ofRest, ['get', { path: '/a', query: { b: 1 }, headers: { accept: 'a', range: 'bytes=0-1' } }]],
  ['rest', ofRest, ['post', { path: ['a', 1], query: { b: 1 }, body: { c: 1 } }]],
  ['s3', ofS3, ['getObject', { key: 'a', range: 'bytes=0-1', versionId: 'v', ifNoneMatch: '"e"', format: 'text' }]],
  ['s3', ofS3, ['headObject', { key: 'a', versionId: 'v' }]],
  ['s3', ofS3, ['listObjects', { prefix: 'a', delimiter: '/', limit: 3, startAfter: 'b', token: 't' }]],
  ['s3', ofS3, ['presignGetObject', { key: 'a', versionId: 'v', expiresInSeconds: 5, filename: 'f' }]],
];

/**
 * The same object, its own keys in another order; of headers and collations the order tells nothing either.
 */
function inOtherOrder(params: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(params).toReversed();
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      name === 'headers' || name === 'collation' ? inOtherOrder(value as Record<string, unknown>) : value,
    ]),
  );
}

describe('two queries are the same', () => {
  it.each(WHOLE)('whatever the order of their params: %s, %o', (_kind, key, [op, params]) => {
    const asked = key([op, params]);
    expect(asked).toEqual(expect.any(String));
    expect(key([op, inOtherOrder(params)])).toBe(asked);
  });

  it.each<[string, (asked: Asked) => string | undefined, Asked, Asked]>([
    ['what is left out is its default', ofRest, ['get', {}], ['get', { path: '', query: {}, headers: {} }]],
    [
      'a header is named in any case',
      ofRest,
      ['get', { headers: { Accept: 'a' } }],
      ['get', { headers: { accept: 'a' } }],
    ],
    ['a path is written out or in segments', ofRest, ['get', { path: '/a/b' }], ['get', { path: ['a', 'b'] }]],
    [
      'a value is filled in or written out',
      ofS3,
      ['headObject', { key: new Filled('a') }],
      ['headObject', { key: 'a' }],
    ],
    [
      'a type is filled in or written out',
      ofMongo,
      ['findOne', { collection: 'users', filter: { a: { $eq: { $numberLong: '1' } } } }],
      ['findOne', { collection: 'users', filter: { a: { $eq: { $numberLong: new Filled('1') } } } }],
    ],
    [
      'a large body is filled in or written out',
      ofRest,
      ['post', { path: '/a', body: { ids: new Filled(MANY), more: [new Filled(1)] } }],
      ['post', { path: '/a', body: { ids: MANY, more: [1] } }],
    ],
    [
      'a large body with keys that look like integers is filled in or written out',
      ofRest,
      ['post', { path: '/a', body: new Map([['1', new Filled(MANY)]]) }],
      ['post', { path: '/a', body: new Map([['1', MANY]]) }],
    ],
  ])('where %s', (_what, key, one, other) => {
    expect(key(one)).toEqual(expect.any(String));
    expect(key(one)).toBe(key(other));
  });

  it('whatever trace they are a part of', () => {
    const asked = WHOLE[6]![2];
    expect(ofRest(asked, { ...NOBODY, traceparent: '00-1-2-01' })).toBe(ofRest(asked));
  });
});

const users = (params: object): Asked => ['find', { collection: 'users', ...params }];
const filter = (value: unknown): Asked => users({ filter: { a: value } });

describe('two queries are not the same', () => {
  it.each<[string, (asked: Asked) => string | undefined, Asked, Asked]>([
    ['op', ofMongo, users({}), ['findOne', { collection: 'users' }]],
    ['collection', ofMongo, users({}), ['find', { collection: 'orders' }]],
    ['way of writing types', ofMongo, users({}), users({ ejson: 'relaxed' })],
    ['order of a sort', ofMongo, users({ sort: { a: 1, b: 1 } }), users({ sort: { b: 1, a: 1 } })],
    ['order in a document', ofMongo, filter({ a: 1, b: 2 }), filter({ b: 2, a: 1 })],
    [
      'order of keys that look like integers',
      ofMongo,
      filter(
        new Map([
          ['2', 1],
          ['1', 1],
        ]),
      ),
      filter({ 1: 1, 2: 1 }),
    ],
    ['order of a list', ofMongo, filter({ $in: [1, 2] }), filter({ $in: [2, 1] })],
    ['null and missing', ofMongo, filter(null), users({ filter: {} })],
    ['null and its text', ofMongo, filter(null), filter('null')],
    ['number and its text', ofMongo, filter(1), filter('1')],
    ['Long and integer', ofMongo, filter({ $numberLong: '1' }), filter(1)],
    ['Double and integer', ofMongo, filter({ $numberDouble: '1.0' }), filter(1)],
    ['Long and Double', ofMongo, filter({ $numberLong: '1' }), filter({ $numberDouble: '1.0' })],
    ['Decimal128 and its text', ofMongo, filter({ $numberDecimal: '1' }), filter('1')],
    ['digits of a Decimal128', ofMongo, filter({ $numberDecimal: '1.0' }), filter({ $numberDecimal: '1.00' })],
    ['ObjectId and its text', ofMongo, filter({ $oid: 'a'.repeat(24) }), filter('a'.repeat(24))],
    ['Date and its text', ofMongo, filter({ $date: '2026-01-01T00:00:00Z' }), filter('2026-01-01T00:00:00Z')],
    ['pattern and its text', ofMongo, filter({ $regularExpression: { pattern: 'a', options: '' } }), filter('a')],
    ['order of URL parameters', ofRest, ['get', { query: { a: 1, b: 2 } }], ['get', { query: { b: 2, a: 1 } }]],
    ['path', ofRest, ['get', { path: ['a', 'b'] }], ['get', { path: ['a/b'] }]],
    ['header', ofRest, ['get', { headers: { accept: 'a' } }], ['get', {}]],
    ['order in a body', ofRest, ['post', { body: { a: 1, b: 2 } }], ['post', { body: { b: 2, a: 1 } }]],
    ['large body', ofRest, ['post', { body: [new Filled(MANY)] }], ['post', { body: [new Filled([...MANY, 1])] }]],
    ['kind of body', ofRest, ['post', { body: '{}' }], ['post', { body: {} }]],
    ['key', ofS3, ['headObject', { key: 'a' }], ['headObject', { key: 'b' }]],
    ['format', ofS3, ['getObject', { key: 'a' }], ['getObject', { key: 'a', format: 'text' }]],
  ])('that differ in this: %s', (_what, key, one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  const header = fc.string({ unit: fc.constantFrom('a', '"', ',', '1', '}'), maxLength: 3 });
  const headers = fc.dictionary(fc.constantFrom('authorization', 'accept', 'x'), header);

  it('where their callers are seen otherwise by the source', () => {
    const params = { path: '/a', headers: {} };
    const asked = { op: 'get', params, want: 'value' } as const;
    fc.assert(
      fc.property(headers, headers, (one, other) => {
        // A source looks for headers in an order of its own.
        const [a, b] = [one, other].map((it) =>
          Object.fromEntries(Object.entries(it).toSorted(([a], [b]) => (a < b ? -1 : 1))),
        );
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(keyOf(asked, { headers: a! }) === keyOf(asked, { headers: b! })).toBe(same);
      }),
    );
  });

  it('where what is a header of one is a part of the other', () => {
    const one = keyOf({ op: 'get', params: { path: '/a', headers: { accept: 'b' } }, want: 'value' }, NOBODY);
    const other = keyOf({ op: 'get', params: { path: '/a' }, want: 'value' }, { headers: { accept: 'b' } });
    expect(one).not.toBe(other);
  });
});

it('a query that is too large is like no other', () => {
  const many = Array.from({ length: 100_000 }, (_, at) => at);
  expect(ofMongo(users({ filter: { a: { $in: many } } }))).toBeUndefined();
  expect(ofRest(['post', { body: [new Filled('x'.repeat(600_000))] }])).toBeUndefined();
  expect(ofRest(WHOLE[6]![2], { headers: { cookie: 'c'.repeat(70_000) } })).toBeUndefined();
});
