import { serialize, type Document } from 'bson';
import { describe, expect, it } from 'vitest';
import { MongoMerger } from '../../../adapters/mongo/merge.ts';
import { MergedDocuments } from '../../../adapters/mongo/merged.ts';
import type { MongoQuery } from '../../../adapters/mongo/query.ts';
import type { Query } from '../../../src/store/fetch.ts';
import type { Value } from '../../../src/store/payload.ts';
import { Placeholder } from '../../../src/store/placeholder.ts';
import { context } from '../source.ts';
import { checked, source } from './checked.ts';

const caps = { documents: 10, bytes: 1000 };
const unique = { users: ['email', 'contact.email'] };
const merger = new MongoMerger({ name: 'shop', unique }, caps);

function query(params: object, op = 'findOne'): Query {
  const { query, faults } = checked(op, { collection: 'users', ...params }, source({ unique }));
  expect(faults).toEqual([]);
  return { op, params: query, want: 'value' };
}
const pointOf = (params: object, op?: string) => merger.pointOf(query(params, op));
const byId = (...ids: unknown[]) => ids.map((_id) => pointOf({ filter: { _id } })!);

const byEmail = (projection: object) => ({ filter: { email: 'a' }, projection });

/** What each is answered, of documents that were answered to all: undefined for one that is asked again. */
async function answers(filters: readonly object[], documents: readonly Document[], isWhole = true) {
  const points = filters.map((filter) => pointOf({ filter })!);
  const parts = merger.split(
    new MergedDocuments(
      documents.map((document) => Buffer.from(serialize(document))),
      isWhole,
    ),
    points,
  );
  return Promise.all(points.map(async (point) => (await parts.of(point, context()))?.json));
}

describe('a findOne that is merged', () => {
  it.each<[string, object]>([
    ['by _id', { filter: { _id: 'a' } }],
    ['by _id under $eq', { filter: { _id: { $eq: 'a' } } }],
    ['by a unique field', { filter: { email: 'a' } }],
    ['by a unique field of a part', { filter: { 'contact.email': 'a' } }],
    ['by a whole number', { filter: { _id: { $numberDecimal: '1.00' } } }],
    ['with a projection', { filter: { _id: 1 }, projection: { name: 1 } }],
    ['in Extended JSON', { filter: { _id: 1 }, ejson: 'canonical' }],
    ['by a reference, before it is filled in', { filter: { _id: new Placeholder('$result') } }],
  ])('%s', (_how, params) => {
    expect(pointOf(params)).toMatchObject({ most: 100 });
  });

  it('is read once, however often it is asked, and so is what is none', () => {
    const [point, none] = [query({ filter: { _id: 1 } }), query({ filter: { name: 'a' } })];
    expect(merger.pointOf(point)).toBe(merger.pointOf(point));
    expect(merger.pointOf(none)).toBeUndefined();
    expect([point.point, none.point]).toEqual([merger.pointOf(point), null]);
  });

  it.each<[string, object, string?]>([
    ['by another field', { filter: { name: 'a' } }],
    ['by a unique field of another collection', { collection: 'orders', filter: { email: 'a' } }],
    ['by two fields', { filter: { _id: 1, name: 'a' } }],
    ['of any document', { filter: {} }],
    ['by null', { filter: { _id: null } }],
    ['by a list', { filter: { _id: [1] } }],
    ['by an object', { filter: { _id: { a: 1 } } }],
    ['by a pattern', { filter: { _id: { $regularExpression: { pattern: 'a', options: '' } } } }],
    ['by a comparison', { filter: { _id: { $gt: 1 } } }],
    ['by two conditions', { filter: { _id: { $eq: 1, $gt: 0 } } }],
    ['by a fraction', { filter: { _id: 0.5 } }],
    ['by NaN', { filter: { _id: { $numberDouble: 'NaN' } } }],
    ['with a sort', { filter: { _id: 1 }, sort: { a: 1 } }],
    ['with a skip', { filter: { _id: 1 }, skip: 1 }],
    ['with a collation', { filter: { _id: 'a' }, collation: { locale: 'en' } }],
    ['with a hint', { filter: { _id: 1 }, hint: '_id_' }],
    ['with a position in its projection', { filter: { email: 'a' }, projection: { 'list.$': 1 } }],
    [
      'with an expression in its projection, by another field than _id',
      { filter: { email: 'a' }, projection: { a: '$b' } },
    ],
    ['that leaves out the field, and has an _id that would leave out all else', byEmail({ email: 0, _id: 1 })],
    ['that leaves out the field, and has its _id first', byEmail({ _id: true, email: false })],
    ['that projects a part of the field', { filter: { email: 'a' }, projection: { 'email.b': 1 } }],
    ['of many', { filter: { _id: 1 } }, 'find'],
  ])('is none %s', (_how, params, op) => {
    expect(pointOf(params, op)).toBeUndefined();
  });

  it('is of one group only with those of its collection, field, mode and projection', () => {
    const all = [
      { filter: { _id: 'a' } },
      { filter: { email: 'a' } },
      { collection: 'orders', filter: { _id: 'a' } },
      { filter: { _id: 'a' }, ejson: 'relaxed' },
      { filter: { _id: 'a' }, projection: { a: 1 } },
      { filter: { _id: 'a' }, projection: { b: 1 } },
    ];
    expect(new Set(all.map((params) => pointOf(params)?.group)).size).toBe(all.length);
    expect(byId('a', 1).map(({ group }) => group)).toEqual([byId('b')[0]!.group, byId('c')[0]!.group]);
  });

  it('is sent as one $in of what is different by the rules of MongoDB', () => {
    const { params, want } = merger.merged(byId(1, 'a', { $numberLong: '1' }, { $numberDecimal: '1.0' }, 'a'));
    expect(want).toBe('value');
    expect(params).toMatchObject({
      command: { find: 'users', filter: { _id: { $in: [expect.anything(), 'a'] } }, batchSize: 3, allowDiskUse: false },
    });
  });

  it.each<[object | undefined, object | undefined, string]>([
    [undefined, undefined, '{"email":"a","n":1}'],
    [{ n: 1, _id: 0 }, { n: 1, _id: 0, email: 1 }, '{"n":1}'],
    [{ email: 0 }, undefined, '{"n":1}'],
    [{ email: 0, x: 0 }, { x: 0 }, '{"n":1}'],
    [{ email: 0, _id: 0 }, { _id: 0 }, '{"n":1}'],
    [{ email: 0, _id: 1, x: 0 }, { _id: 1, x: 0 }, '{"n":1}'],
    [{ email: 1 }, { email: 1 }, '{"email":"a","n":1}'],
    [{ x: 0 }, { x: 0 }, '{"email":"a","n":1}'],
  ])('by email with the projection %j is sent with %j', async (projection, sent, json) => {
    const point = pointOf({ filter: { email: 'a' }, ...(projection && { projection }) })!;
    expect((merger.merged([point]).params as MongoQuery).command['projection']).toEqual(sent);
    const parts = merger.split(new MergedDocuments([Buffer.from(serialize({ email: 'a', n: 1 }))], true), [point]);
    expect(((await parts.of(point, context())) as Value).json).toBe(json);
  });
});

describe('what was answered to all', () => {
  it('is told apart by the key, in lists too, and what is missing is null', async () => {
    const found = await answers(
      [{ 'contact.email': 'b' }, { 'contact.email': 7 }, { 'contact.email': 'c' }],
      [{ contact: [{ email: 'a' }, { email: ['b', 'd'] }] }, { contact: { email: 'c' } }],
    );
    expect(found).toEqual(['{"contact":[{"email":"a"},{"email":["b","d"]}]}', 'null', '{"contact":{"email":"c"}}']);
  });

  it.each<[string, readonly unknown[], readonly unknown[], readonly (string | undefined)[]]>([
    ['any missing one where nothing was found', [], ['a', 1], ['null', 'null']],
    ['a missing one that is no text', ['a'], ['a', 1, true], ['found', 'null', 'null']],
    [
      'no missing text where a text was found',
      ['Ada'],
      ['Ada', 'ada', 'Bob', 'ß'],
      ['found', undefined, undefined, undefined],
    ],
    ['no missing text where one stands in a list beside what was found', [['ss', 1]], [1, 'ß'], ['found', undefined]],
    ['any missing text where none was found', [1], [1, 'ß'], ['found', 'null']],
    ['no missing one where the found is nobody’s', [1, 'straße'], [1, 'STRASSE', 2], ['found', undefined, undefined]],
    ['no missing one where what was found has a value that nobody reads', [[1, 2 ** 60]], [1, 2], ['found', undefined]],
  ])('tells %s', async (_what, there, asked, told) => {
    const found = await answers(
      asked.map((email) => ({ email })),
      there.map((email) => ({ email })),
    );
    expect(found.map((json) => (json === undefined || json === 'null' ? json : 'found'))).toEqual(told);
  });

  it('does not tell what is missing where the store has cut the answer', async () => {
    expect(await answers([{ _id: 1 }, { _id: 2 }], [{ _id: 1 }], false)).toEqual(['{"_id":1}', undefined]);
  });

  it('fails one alone that is too large, or cannot be read', async () => {
    const large = { _id: 1, text: 'x'.repeat(2000) };
    const broken = Buffer.from(serialize({ _id: 2, text: 'abc' }));
    broken[broken.indexOf('abc')] = 0xff;
    const points = byId(1, 2, 3);
    const documents = [Buffer.from(serialize(large)), broken, Buffer.from(serialize({ _id: 3 }))];
    const parts = merger.split(new MergedDocuments(documents, true), points);
    const codes = ['TOO_LARGE', 'BAD_RESPONSE'];
    for (const [at, code] of codes.entries())
      expect(() => parts.of(points[at]!, context())).toThrow(expect.objectContaining({ code }));
    expect(((await parts.of(points[2]!, context())) as Value).json).toBe('{"_id":3}');
  });
});
