import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Filled } from '../../src/store/placeholder.ts';
import type { Items } from '../../src/store/payload.ts';
import { failed } from '../adapters/failed.ts';
import { commonSuite } from './common.ts';
import { canonical, content, KEYS, many, people, plain, typed, visits } from './mongo-data.ts';
import { type OpenAdapter, openAdapter } from './open-adapter.ts';

/** A MongoDB server for the suite, which fills a database of its own there. */
export interface MongoUnderTest {
  readonly url: string;
  close?(): Promise<void>;
}

const DATABASE = 'adapter-suite';
const filled = (value: unknown) => new Filled(value);

async function read({ items }: Items): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of items) found.push(...batch);
  return found;
}

/** What the mongo adapter promises, on any server that speaks the protocol. */
export function mongoSuite(open: () => Promise<MongoUnderTest>): void {
  let server: MongoUnderTest;
  let client: MongoClient;
  let shop: OpenAdapter;

  const options = (own: object = {}) => ({
    adapter: 'mongo',
    url: server.url,
    database: DATABASE,
    collections: ['typed', 'rare', 'words', 'people', 'visits', 'many', 'odd', 'missing'],
    ...own,
  });
  const source = (own?: object) => openAdapter(options(own));

  beforeAll(async () => {
    server = await open();
    client = new MongoClient(server.url);
    const database = client.db(DATABASE);
    for (const [name, documents] of Object.entries(content)) {
      await database.dropCollection(name);
      await database.collection(name).insertMany(documents);
    }
    await database.collection('people').createIndex({ city: 1 }, { name: 'by_city' });
    shop = await source();
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    for (const name of Object.keys(content)) await client.db(DATABASE).dropCollection(name);
    await client.close();
    await server.close?.();
  });

  const ids = async (op: string, params: object) =>
    ((await shop.json(op, params)) as { _id: unknown }[]).map(({ _id }) => _id);
  const find = (filter: object, more: object = {}) =>
    ids('find', { collection: 'people', filter, sort: { _id: 1 }, ...more });

  const aggregate = (pipeline: object[], more: object = {}) =>
    shop.json('aggregate', { collection: 'people', pipeline, ...more });
  const order = async (collation: object, by = 'word') =>
    ids('find', { collection: 'words', sort: { [by]: 1, _id: 1 }, collation });
  const count = (params: object) => shop.json('countDocuments', params);
  const typedOnes = (filter: object) => count({ collection: 'typed', filter });
  const faultsOf = (params: object) => shop.faults('find', { collection: 'people', ...params });

  commonSuite(
    {
      nowhere: { url: 'mongodb://127.0.0.1:1/' },
      value: { op: 'findOne', params: { collection: 'people', filter: { _id: 2 } }, json: people[1] },
      faulty: { op: 'find', params: { collection: 'secrets' }, at: 'collection' },
      later: {
        op: 'findOne',
        params: (_id) => ({ collection: 'people', filter: { _id } }),
        sent: (_id) => ({ command: { find: 'people', filter: { _id: { $eq: _id } } } }),
      },
      contents: {
        told: {
          collections: {
            people: { sampled: people.length, fields: { '/_id': { types: { int: people.length } } } },
            many: { sampled: 100 },
            missing: { sampled: 0, fields: {} },
          },
        },
        value: 'Ada',
      },
      flows: [{ op: 'find', params: { collection: 'many', batchSize: 100 }, want: 'items', size: many.length }],
    },
    options,
  );

  describe('findOne', () => {
    test('answers a document, or null', async () => {
      expect(await shop.json('findOne', { collection: 'people', filter: { name: 'Ada' } })).toEqual(people[0]);
      expect(await shop.json('findOne', { collection: 'people', filter: { name: 'none' } })).toBeNull();
      expect(await shop.json('findOne', { collection: 'missing' })).toBeNull();
    });

    test('takes a projection, an order, a number to skip and an index', async () => {
      const params = { collection: 'people', projection: { name: 1, _id: 0 }, sort: { age: -1 }, skip: 1 };
      expect(await shop.json('findOne', params)).toEqual({ name: 'Ada' });
      const hinted = { collection: 'people', filter: { city: 'Paris' }, hint: 'by_city' };
      expect(await shop.json('findOne', hinted)).toMatchObject({ _id: 2 });
    });

    test('compares by a collation', async () => {
      const params = { collection: 'words', filter: { word: 'BIRNE' } };
      expect(await shop.json('findOne', params)).toBeNull();
      const collation = { locale: 'en', strength: 2 };
      expect(await shop.json('findOne', { ...params, sort: { _id: 1 }, collation })).toMatchObject({ _id: 3 });
    });
  });

  describe('find', () => {
    test('takes everything that findOne takes, a limit and a size of its batches', async () => {
      const params = { collection: 'many', filter: { n: { $gte: 10 } }, projection: { n: 1, _id: 0 }, sort: { n: -1 } };
      expect(await shop.json('find', { ...params, skip: 1, limit: 2 })).toEqual([{ n: 2498 }, { n: 2497 }]);
      expect(await shop.json('find', { ...params, limit: 25, batchSize: 10 })).toHaveLength(25);
      expect(await find({ city: 'London' }, { hint: { city: 1 } })).toEqual([1, 3]);
      expect(await shop.json('find', { collection: 'missing' })).toEqual([]);
    });

    test('takes the order in which the store has its documents, and so do others', async () => {
      const all = people.map(({ _id }) => _id);
      for (const $natural of [1, -1]) {
        for (const more of [{ sort: { $natural } }, { hint: { $natural } }, { sort: { $natural }, batchSize: 2 }])
          expect(new Set(await ids('find', { collection: 'people', ...more }))).toEqual(new Set(all));
        const last = { collection: 'people', filter: { _id: 4 }, sort: { $natural }, hint: { $natural } };
        expect(await shop.json('findOne', last)).toMatchObject({ _id: 4 });
        expect(await aggregate([{ $count: 'n' }], { hint: { $natural } })).toEqual([{ n: all.length }]);
        expect(await count({ collection: 'people', filter: { city: 'London' }, hint: { $natural } })).toBe(2);
      }
    });

    test('gathers more documents than a batch holds', async () => {
      const all = many.map(({ _id }) => _id);
      expect(await ids('find', { collection: 'many', sort: { n: 1 } })).toEqual(all);
      expect(await ids('find', { collection: 'many', sort: { n: 1 }, batchSize: 400 })).toEqual(all);
    });

    test('orders by a collation', async () => {
      expect(await order({ locale: 'de', strength: 1 })).toEqual([0, 1, 2, 3, 4]);
      expect(await order({ locale: 'de', strength: 2 })).toEqual([1, 2, 0, 3, 4]);
      expect(await order({ locale: 'en', numericOrdering: true }, 'number')).toEqual([0, 1, 2, 3, 4]);
      expect(await order({ locale: 'simple' }, 'number')).toEqual([0, 2, 3, 4, 1]);
    });

    test.each([
      [{ age: { $gt: 25, $lte: 36 } }, [1]],
      [{ age: { $in: [1, 51] } }, [3, 4]],
      [{ age: { $nin: [1, 51] } }, [1, 2]],
      [{ age: { $not: { $lt: 36 } } }, [1, 3]],
      [{ $or: [{ name: 'Ada' }, { name: 'Bob' }] }, [1, 2]],
      [{ $and: [{ city: 'London' }, { age: 51 }] }, [3]],
      [{ $nor: [{ city: 'London' }] }, [2, 4]],
      [{ tags: { $all: ['a', 'b'] } }, [1]],
      [{ tags: { $size: 0 } }, [3]],
      [{ tags: { $elemMatch: { $eq: 'c' } } }, [2]],
      [{ tags: { $exists: false } }, [4]],
      [{ city: { $type: 'null' } }, [4]],
      [{ age: { $mod: [2, 0] } }, [1]],
      [{ name: { $regex: '^[ab]', $options: 'i' } }, [1, 2]],
      [{ $expr: { $gt: ['$age', 40] } }, [3]],
      [{ city: null }, [4]],
    ])('answers %j', async (filter, expected) => {
      expect(await find(filter)).toEqual(expected);
    });
  });

  describe('aggregate', () => {
    test('runs a pipeline, with an index, a collation and a size of its batches', async () => {
      const byCity = [
        { $match: { city: { $ne: null } } },
        { $group: { _id: '$city', oldest: { $max: '$age' }, n: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ];
      const cities = [
        { _id: 'London', oldest: 51, n: 2 },
        { _id: 'Paris', oldest: 25, n: 1 },
      ];
      expect(await aggregate(byCity)).toEqual(cities);
      expect(await aggregate([{ $match: { city: 'Paris' } }, { $count: 'n' }], { hint: 'by_city' })).toEqual([
        { n: 1 },
      ]);
      const collation = { locale: 'en', strength: 2 };
      expect(await aggregate([{ $match: { name: 'ADA' } }, { $project: { _id: 1 } }], { collation })).toEqual([
        { _id: 1 },
      ]);
      const all = await shop.json('aggregate', { collection: 'many', pipeline: [{ $match: {} }], batchSize: 700 });
      expect(all).toHaveLength(2500);
    });

    test('joins collections of the list', async () => {
      const lookup = { $lookup: { from: 'visits', localField: '_id', foreignField: 'who', as: 'visits' } };
      expect(await aggregate([{ $match: { _id: { $lte: 2 } } }, { $sort: { _id: 1 } }, lookup])).toEqual([
        { ...people[0], visits: visits.slice(0, 2) },
        { ...people[1], visits: visits.slice(2) },
      ]);
      const own = {
        $lookup: {
          from: 'visits',
          let: { who: '$_id' },
          pipeline: [{ $match: { $expr: { $eq: ['$who', '$$who'] } } }, { $group: { _id: null, n: { $sum: '$n' } } }],
          as: 'sum',
        },
      };
      expect(await aggregate([{ $match: { _id: 1 } }, own, { $project: { sum: 1 } }])).toEqual([
        { _id: 1, sum: [{ _id: null, n: 30 }] },
      ]);
      const union = [{ $match: { _id: 1 } }, { $unionWith: { coll: 'visits', pipeline: [{ $match: { n: 30 } }] } }];
      expect(await aggregate([...union, { $project: { _id: 1 } }])).toEqual([{ _id: 1 }, { _id: 3 }]);
    });

    test('joins no other collection', async () => {
      const outside = [
        { $lookup: { from: 'secrets', localField: '_id', foreignField: 'who', as: 'it' } },
        { $unionWith: 'secrets' },
        { $facet: { a: [{ $unionWith: { coll: 'secrets' } }] } },
        { $lookup: { from: 'visits', pipeline: [{ $unionWith: 'secrets' }], as: 'it' } },
      ];
      for (const stage of outside)
        expect(shop.faults('aggregate', { collection: 'people', pipeline: [stage] })).toHaveLength(1);
      expect(shop.faults('find', { collection: 'secrets' })).toEqual(['collection']);
    });

    test('unwinds, facets and computes', async () => {
      const tags = [{ $unwind: '$tags' }, { $sortByCount: '$tags' }, { $limit: 1 }];
      expect(await aggregate(tags)).toEqual([{ _id: 'b', count: 2 }]);
      const facet = {
        $facet: { old: [{ $match: { age: { $gt: 30 } } }, { $count: 'n' }], none: [{ $match: { age: 0 } }] },
      };
      expect(await aggregate([facet])).toEqual([{ old: [{ n: 2 }], none: [] }]);
      const computed = { $project: { _id: 0, it: { $concat: ['$name', filled('$city')] } } };
      expect(await aggregate([{ $match: { _id: 1 } }, computed])).toEqual([{ it: 'Ada$city' }]);
    });
  });

  test('countDocuments counts, with a number to skip, a limit, an index and a collation', async () => {
    expect(await count({ collection: 'many' })).toBe(2500);
    expect(await count({ collection: 'many', filter: { n: { $lt: 50 } }, skip: 10, limit: 20 })).toBe(20);
    expect(await count({ collection: 'many', filter: { n: -1 } })).toBe(0);
    expect(await count({ collection: 'missing' })).toBe(0);
    expect(await count({ collection: 'people', filter: { city: 'London' }, hint: 'by_city' })).toBe(2);
    expect(
      await count({ collection: 'words', filter: { word: 'APFEL' }, collation: { locale: 'en', strength: 2 } }),
    ).toBe(2);
  });

  test('distinct answers each value once, with a filter and a collation', async () => {
    const distinct = async (params: object) => ((await shop.json('distinct', params)) as string[]).toSorted();
    expect(await distinct({ collection: 'people', key: 'tags' })).toEqual(['a', 'b', 'c']);
    expect(await distinct({ collection: 'people', key: 'city', filter: { age: { $gt: 30 } } })).toEqual(['London']);
    const collation = { locale: 'de', strength: 1 };
    expect(await distinct({ collection: 'words', key: 'word', collation })).toHaveLength(2);
    const long = { collection: 'typed', key: 'long', ejson: 'canonical' };
    expect((await shop.value('distinct', long)).json).toBe('[{"$numberLong":"9007199254740993"}]');
    expect(await shop.json('distinct', { collection: 'typed', key: 'uuid' })).toEqual([plain.uuid]);
  });

  test('an index that is not there is INVALID', async () => {
    const asked = shop.ask('find', { collection: 'people', filter: { age: 1 }, hint: 'none' });
    expect(await failed(asked)).toMatchObject({ code: 'INVALID', retryable: false });
  });

  describe('types', () => {
    test('are plain JSON', async () => {
      expect(await shop.json('findOne', { collection: 'typed' })).toEqual(plain);
    });

    test('are Extended JSON where that is asked for', async () => {
      expect(await shop.json('findOne', { collection: 'typed', ejson: 'canonical' })).toMatchObject(canonical);
      expect(await shop.json('findOne', { collection: 'typed', ejson: 'relaxed' })).toMatchObject({
        _id: { $oid: plain._id },
        int: 7,
        date: { $date: plain.date },
        nan: { $numberDouble: 'NaN' },
      });
    });

    test('that are rare have one form', async () => {
      expect(await shop.json('findOne', { collection: 'rare' })).toEqual({
        _id: 'rare',
        pattern: { $regularExpression: { pattern: '^a.b$', options: 'i' } },
        stamp: { $timestamp: { t: 5, i: 7 } },
        least: { $minKey: 1 },
        greatest: { $maxKey: 1 },
      });
    });

    test.each(Object.keys(typed).filter((field) => field !== 'nothing'))(
      'survive from one query to another: %s',
      async (field) => {
        const read = (await shop.value('findOne', { collection: 'typed' })).value as Record<string, unknown>;
        const found = async (condition: unknown) =>
          shop.json('find', { collection: 'typed', filter: { [field]: condition }, projection: { int: 1, _id: 0 } });
        expect(await found(filled(read[field]))).toEqual([{ int: 7 }]);
        expect(await found({ $in: [filled(read[field])] })).toEqual([{ int: 7 }]);
        expect(await found({ $ne: filled(read[field]) })).toEqual([]);
      },
    );

    test('are read from Extended JSON', async () => {
      for (const [field, value] of Object.entries(canonical)) {
        const params = { collection: 'typed', filter: { [field]: value } };
        expect(await shop.json('countDocuments', params), field).toBe(1);
      }
    });

    test('are told apart: text of an id is no id, a neighbour no match', async () => {
      expect(await typedOnes({ _id: plain._id })).toBe(0);
      expect(await typedOnes({ uuid: plain.uuid })).toBe(0);
      expect(await typedOnes({ long: { $numberLong: '9007199254740992' } })).toBe(0);
      expect(await typedOnes({ long: { $gt: { $numberLong: '9007199254740992' } } })).toBe(1);
      expect(await typedOnes({ decimal: { $numberDecimal: '1.1' } })).toBe(1);
      expect(await typedOnes({ date: { $date: '2026-01-02T03:04:05.677Z' } })).toBe(0);
    });
  });

  test('keys are keys, whatever they are called', async () => {
    const { json } = await shop.value('findOne', { collection: 'odd' });
    const read = new Map(Object.entries(JSON.parse(json) as object));
    expect([...read.keys()].toSorted()).toEqual(['_id', ...KEYS].toSorted());
    for (const [at, key] of KEYS.entries()) {
      expect(read.get(key), key).toBe(at);
      const filter = JSON.parse(`{${JSON.stringify(key)}:${at}}`) as object;
      expect(await shop.json('countDocuments', { collection: 'odd', filter }), key).toBe(1);
    }
  });

  describe('what a reference fills in', () => {
    test('is compared as it is, also where it looks like an expression', async () => {
      expect(await find({ name: filled('$ada') })).toEqual([4]);
      expect(await find({ $expr: { $eq: ['$name', filled('$ada')] } })).toEqual([4]);
      expect(await find({ name: { $in: filled(['Ada', '$ada']) } })).toEqual([1, 4]);
      expect(await find({ name: { $regex: filled('$a') } })).toEqual([4]);
      expect(await find({ name: { $regex: filled('.*') } })).toEqual([]);
    });

    test.each([[{ $gt: '' }], [{ $ne: null }], [{ a: [{ $where: '1' }] }], [[{ $exists: true }]], [/./]])(
      'is no query: %j',
      (value) => {
        expect(faultsOf({ filter: { name: filled(value) } })).toHaveLength(1);
        expect(faultsOf({ filter: { name: { $in: [filled(value)] } } })).toHaveLength(1);
        expect(faultsOf({ filter: { $expr: { $eq: ['$name', filled(value)] } } })).toHaveLength(1);
        expect(faultsOf({ limit: filled(value) })).toHaveLength(1);
      },
    );
  });

  describe('a stream', () => {
    test('has every document, beyond the caps', async () => {
      await using capped = await source({ maxDocuments: 3, maxBytes: 1024 });
      const params = { collection: 'many', projection: { n: 1, _id: 0 }, sort: { n: 1 }, batchSize: 300 };
      const items = await read((await capped.ask('find', params, { want: 'items' })) as Items);
      expect(items).toEqual(many.map(({ n }) => `{"n":${n}}`));
      const pipeline = [{ $match: { n: { $lt: 5 } } }];
      const few = await capped.ask('aggregate', { collection: 'many', pipeline }, { want: 'items' });
      expect(await read(few as Items)).toHaveLength(5);
    });

    test('may be left in the middle', async () => {
      const { items } = (await shop.ask('find', { collection: 'many', batchSize: 10 }, { want: 'items' })) as Items;
      let batches = 0;
      for await (const _ of items) if (++batches === 3) break;
      expect(await shop.json('countDocuments', { collection: 'many' })).toBe(2500);
    });
  });

  test('a cap fails what is larger, and cuts nothing', async () => {
    await using few = await source({ maxDocuments: 2499 });
    await using small = await source({ maxBytes: 1024 });
    await using enough = await source({ maxDocuments: 2500 });
    const asking: [string, object][] = [
      ['find', {}],
      ['find', { batchSize: 100 }],
      ['aggregate', { pipeline: [{ $match: {} }] }],
      ['distinct', { key: 'n' }],
    ];
    for (const [op, params] of asking) {
      const all = { collection: 'many', ...params };
      expect(await failed(few.ask(op, all)), op).toMatchObject({ code: 'TOO_LARGE' });
      expect(await failed(small.ask(op, all)), op).toMatchObject({ code: 'TOO_LARGE' });
      expect(await enough.json(op, all), op).toHaveLength(2500);
    }
  });

  test('a query that takes longer than its deadline is ended by the store', async () => {
    // Every document with every other: far more than can be compared in this time.
    const slow = [
      { $lookup: { from: 'many', pipeline: [{ $match: { $expr: { $lt: ['$n', -1] } } }], as: 'none' } },
      { $match: { none: { $ne: [] } } },
    ];
    const error = await failed(shop.ask('aggregate', { collection: 'many', pipeline: slow }, { withinMs: 100 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true, message: 'the store took too long' });
    expect(await shop.json('countDocuments', { collection: 'people' })).toBe(4);
  });

  test('a caller who leaves is answered at once', async () => {
    const leaving = new AbortController();
    const asked = failed(shop.ask('find', { collection: 'many' }, { signal: leaving.signal }));
    leaving.abort();
    expect(await asked).toMatchObject({ code: 'CANCELLED' });
    await expect(shop.ping()).resolves.toBeUndefined();
  });
}
