import { serialize } from 'bson';
import { expect, it } from 'vitest';
import { mongoContents } from '../../../adapters/mongo/contents.ts';
import { Outline } from '../../../adapters/mongo/outline.ts';
import type { MongoQuery } from '../../../adapters/mongo/query.ts';
import { CodapError } from '../../../src/errors.ts';
import { atOnce } from '../../../src/budget/work.ts';
import { TypedValue } from '../../../src/store/typed-value.ts';
import { failed } from '../failed.ts';

type Told = Record<string, { sampled: number; fields: Record<string, { more?: true }>; more?: true }>;

const keyed = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, value]));
const outlineOf = (document: object): Outline => {
  const outline = new Outline();
  atOnce(outline.add(Buffer.from(serialize(document))));
  return outline;
};
/** What is told of collections with one document each. */
async function told(documents: Record<string, object>): Promise<Told> {
  const contents = await mongoContents(Object.keys(documents), ({ params }) =>
    Promise.resolve(new TypedValue(outlineOf(documents[(params as MongoQuery).collection]!))),
  );
  return (contents as { collections: Told }).collections;
}

it('at most 1,000 fields are told of all collections, of small ones all', async () => {
  const wide = keyed(30, keyed(50, 1));
  const found = await told({ first: wide, small: keyed(5, keyed(3, 1)), last: wide });
  expect(Object.keys(found)).toEqual(['first', 'small', 'last']);
  const counts = Object.values(found).map(({ fields }) => Object.keys(fields).length);
  expect(counts).toEqual([490, 20, 490]);
  expect(Object.values(found['small']!.fields).some(({ more }) => more)).toBe(false);
  expect(Object.values(found['last']!.fields).filter(({ more }) => more)).toHaveLength(21);
  const many = await told(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`c${at}`, { a: 1 }])));
  expect(Object.values(many).filter(({ fields, more }) => fields['/a'] && !more)).toHaveLength(1000);
  expect(Object.values(many).filter(({ more }) => more)).toHaveLength(200);
});

it('a collection that is named twice is looked at once, and four at a time are', async () => {
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const names = Array.from({ length: 10 }, (_, at) => `c${at}`);
  await mongoContents([...names, ...names], async ({ params }) => {
    asked.push((params as MongoQuery).collection);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return new TypedValue(outlineOf({}));
  });
  expect([asked, most]).toEqual([names, 4]);
});

/** What is told of collections of which those that a failure is given for cannot be looked at. */
const toldBeside = (failures: Record<string, Error>, names: readonly string[]) =>
  mongoContents(names, ({ params }) => {
    const failure = failures[(params as MongoQuery).collection];
    return failure ? Promise.reject(failure) : Promise.resolve(new TypedValue(outlineOf({ a: 1 })));
  });

it('one that cannot be looked at says why, and costs the others nothing', async () => {
  const hidden = new CodapError('FORBIDDEN', 'no', { source: 'shop', cause: new Error('secret') });
  const slow = new CodapError('TIMEOUT', 'late');
  const found = await toldBeside({ b: hidden, c: slow }, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  const { collections } = found as { collections: Record<string, unknown> };
  expect(Object.keys(collections)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(collections['b']).toEqual({ error: { code: 'FORBIDDEN', message: 'no', retryable: false } });
  expect(collections['c']).toEqual({ error: { code: 'TIMEOUT', message: 'late', retryable: true } });
  for (const name of ['a', 'd', 'e', 'f', 'g'])
    expect(collections[name]).toEqual({ sampled: 1, fields: { '/a': { documents: 1, types: { int: 1 } } } });
});

it.each([
  ['none can be', new CodapError('UNAVAILABLE', 'gone'), ['b']],
  ['nobody waits any more', new CodapError('CANCELLED', 'not needed'), ['a', 'b']],
  ['codap is at fault', new CodapError('INTERNAL', 'a bug'), ['a', 'b']],
  ['it is no failure that may be shown', new Error('a driver’s'), ['a', 'b']],
] as const)('where %s, all fails', async (_, failure, names) => {
  expect(await failed(toldBeside({ b: failure }, names))).toBe(failure);
});
