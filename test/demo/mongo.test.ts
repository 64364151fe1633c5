import { once } from 'node:events';
import { connect } from 'node:net';
import { Binary, Decimal128, type Document, Double, EJSON, Int32, Long, ObjectId, UUID } from 'bson';
import { type Collection, MongoClient, type MongoClientOptions } from 'mongodb';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Fault, Faults } from '../../demo/faults.ts';
import { type MongoOptions, type MongoServer, startMongo } from '../../demo/mongo/server.ts';

const canonical = (value: unknown): string => EJSON.stringify(value, { relaxed: false });

async function started(options: MongoOptions = {}): Promise<MongoServer> {
  const server = await startMongo(options);
  onTestFinished(() => server.close());
  return server;
}

function connected(port: number, options: MongoClientOptions = {}, login = ''): MongoClient {
  const client = new MongoClient(`mongodb://${login}127.0.0.1:${port}/`, {
    serverSelectionTimeoutMS: 5000,
    retryReads: false,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

/** The `_id`s that a find answers, in order. */
async function ids(filter: Document, options: Document = {}): Promise<unknown[]> {
  return (await products.find(filter, options).toArray()).map(({ _id }) => _id as unknown);
}

function run(collection: string, pipeline: Document[], options = {}): Promise<Document[]> {
  return client.db('shop').collection(collection).aggregate(pipeline, options).toArray();
}

/** The `_id`s of the mixed documents for which an expression holds. */
async function matching($expr: Document): Promise<unknown[]> {
  return (await run('mixed', [{ $match: { $expr } }])).map(({ _id }) => _id as unknown);
}

function projected(projection: Document): Promise<unknown> {
  return products.findOne({ _id: 4 as never }, { projection });
}

async function collectionNames(): Promise<string[]> {
  return (await client.db('shop').listCollections().toArray()).map(({ name }) => name);
}

/** Lets a fault befall the next `find`. */
function befalls(fault: Fault): void {
  faults.add({ store: 'mongo', match: 'find:products', times: 1, fault });
}

/**
 * Resolves when the server's counts are as expected; every count changes within a turn or two of the loop.
 */
async function settled(server: MongoServer, counts: Partial<ReturnType<MongoServer['stats']>>): Promise<void> {
  await expect.poll(() => server.stats(), { interval: 2 }).toMatchObject(counts);
}

let faults: Faults;
let server: MongoServer;
let client: MongoClient;
let products: Collection;

beforeEach(async () => {
  faults = new Faults();
  server = await startMongo({ faults });
  client = new MongoClient(`mongodb://127.0.0.1:${server.port}/`, { retryReads: false });
  products = client.db('shop').collection('products');
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const values = {
  double: new Double(1),
  int: new Int32(1),
  long: Long.fromNumber(1),
  beyond: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('1.10'),
  date: new Date('2026-01-02T03:04:05.678Z'),
  oid: new ObjectId(),
  uuid: new UUID(),
  binary: new Binary(Buffer.from([0xff, 0xfe, 0])),
  text: 'grün 🎈',
  list: [new Double(2), null, { deep: Long.fromNumber(3) }],
  nothing: null,
  yes: true,
};

describe('types', () => {
  const exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false };

  test.each([['insert'], ['load']])('survive %s and find', async (way) => {
    if (way === 'load') server.load('shop', 'products', [{ _id: 1, ...values }]);
    else await products.insertOne({ _id: 1 as never, ...values });
    const found = await products.findOne({ _id: 1 as never }, exact);
    expect(canonical(found)).toBe(canonical({ _id: new Int32(1), ...values }));
  });

  test('survive a projection, a pipeline that selects, and distinct', async () => {
    server.load('shop', 'products', [{ _id: 1, ...values }]);
    const projection = { _id: 0, double: 1, 'list.deep': 1 };
    const expected = { double: new Double(1), list: [{ deep: Long.fromNumber(3) }] };
    expect(canonical(await products.findOne({}, { ...exact, projection }))).toBe(canonical(expected));
    const pipeline = [{ $match: { text: values.text } }, { $sort: { _id: 1 } }, { $project: projection }];
    expect(canonical(await products.aggregate(pipeline, exact).toArray())).toBe(canonical([expected]));
    const distinct = await client.db('shop').command({ distinct: 'products', key: 'beyond' }, exact);
    expect(canonical(distinct.values)).toBe(canonical([values.beyond]));
  });

  test('survive an update of something else', async () => {
    server.load('shop', 'products', [{ _id: 1, ...values }]);
    const result = await products.updateOne({ int: 1 }, { $set: { text: 'new', added: new Double(3) } });
    expect(result).toMatchObject({ matchedCount: 1, modifiedCount: 1 });
    const found = await products.findOne({}, exact);
    expect(canonical(found)).toBe(canonical({ _id: new Int32(1), ...values, text: 'new', added: new Double(3) }));
  });

  test.each(Object.keys(values).filter((field) => !['list', 'nothing'].includes(field)))(
    'are matched by equality, $in and _id: %s',
    async (field) => {
      const value = values[field as keyof typeof values];
      server.load('shop', 'products', [
        { _id: value, [field]: value },
        { _id: 'other', [field]: 'other' },
        { _id: 'none' },
      ]);
      expect(await products.countDocuments({ [field]: value })).toBe(1);
      expect(await products.countDocuments({ [field]: { $in: [value, 'absent'] } })).toBe(1);
      expect(await products.countDocuments({ [field]: { $ne: value } })).toBe(2);
      expect(await products.find({ _id: value as never }).toArray()).toHaveLength(1);
      expect(await products.find({ _id: { $in: [value as never, 'other' as never] } }).toArray()).toHaveLength(2);
    },
  );

  test('tell binaries apart that are no valid text', async () => {
    server.load('shop', 'products', [{ b: new Binary(Buffer.of(0xff)) }, { b: new Binary(Buffer.of(0xfe)) }]);
    expect(await products.countDocuments({ b: new Binary(Buffer.of(0xff)) })).toBe(1);
  });

  test('compare and sort as numbers, whatever they are written as', async () => {
    const numbers = [
      new Double(2.5),
      Long.fromString('9007199254740993'),
      Decimal128.fromString('10'),
      9,
      Long.fromString('-9007199254740995'),
    ];
    server.load(
      'shop',
      'products',
      numbers.map((n, _id) => ({ _id, n })),
    );
    const sorted = await products
      .find({}, { sort: { n: 1 } })
      .map(({ _id }) => _id as unknown)
      .toArray();
    expect(sorted).toEqual([4, 0, 3, 2, 1]);
    const above = await products
      .find({ n: { $gt: 9 } }, { sort: { n: -1 } })
      .map(({ _id }) => _id as unknown)
      .toArray();
    expect(above).toEqual([1, 2]);
    expect(await products.countDocuments({ n: { $lt: Long.fromString('9007199254740993') } })).toBe(4);
  });
});

describe('find', () => {
  const shelf = [
    { _id: 1, name: 'Apple', price: 3, tags: ['red', 'fruit'], size: null },
    { _id: 2, name: 'pear', price: 1, tags: ['fruit'] },
    { _id: 3, name: 'Écru', price: 2, tags: [] },
    {
      _id: 4,
      name: 'apple',
      price: 10,
      parts: [
        { sku: 'a', n: 1 },
        { sku: 'b', n: 2 },
      ],
    },
  ];

  beforeEach(() => server.load('shop', 'products', shelf));

  test.each<[string, Document, number[]]>([
    ['a member of an array', { tags: 'fruit' }, [1, 2]],
    ['null and missing', { size: null }, [1, 2, 3, 4]],
    ['what exists', { size: { $exists: true } }, [1]],
    ['a path into an array', { 'parts.sku': 'b' }, [4]],
    ['one member by several conditions', { parts: { $elemMatch: { sku: 'a', n: 2 } } }, []],
    ['a regular expression', { name: /^ap/i }, [1, 4]],
    ['$regex with options', { name: { $regex: '^AP', $options: 'i' } }, [1, 4]],
    ['a pattern under $in', { name: { $in: [/^p/, 'Apple'] } }, [1, 2]],
    ['$not', { price: { $not: { $gt: 2 } } }, [2, 3]],
    ['$or and $nin', { $or: [{ price: 10 }, { _id: { $nin: [2, 4] } }] }, [1, 3, 4]],
    ['$expr', { $expr: { $gt: ['$price', '$_id'] } }, [1, 4]],
    ['$all and $size', { tags: { $all: ['red'], $size: 2 } }, [1]],
    ['no range across types', { price: { $gt: '' } }, []],
  ])('matches %s', async (_, filter, expected) => {
    expect(await ids(filter)).toEqual(expected);
  });

  test('sorts numbers as numbers, skips and limits', async () => {
    expect(await ids({}, { sort: { price: 1 } })).toEqual([2, 3, 1, 4]);
    expect(await ids({}, { sort: { price: -1 }, skip: 1, limit: 2 })).toEqual([1, 3]);
  });

  test('heeds a collation in matches and in order', async () => {
    const collation = { locale: 'en', strength: 2 };
    expect(await ids({ name: 'APPLE' })).toEqual([]);
    expect(await ids({ name: 'APPLE' }, { collation })).toEqual([1, 4]);
    expect(await ids({ name: { $in: ['PEAR'] } }, { collation })).toEqual([2]);
    expect(await ids({}, { sort: { name: 1, _id: 1 } })).toEqual([1, 4, 2, 3]);
    expect(await ids({}, { sort: { name: 1, _id: 1 }, collation })).toEqual([1, 4, 3, 2]);
  });

  test('answers in the order in which it has its documents, or backwards', async () => {
    const stored = [1, 2, 3, 4];
    const backwards = stored.toReversed();
    expect(await ids({}, { sort: { $natural: 1 } })).toEqual(stored);
    expect(await ids({}, { sort: { $natural: -1 } })).toEqual(backwards);
    expect(await ids({}, { hint: { $natural: -1 } })).toEqual(backwards);
    expect(await ids({}, { hint: { $natural: -1 }, sort: { $natural: -1 }, limit: 1 })).toEqual([4]);
    const first = products.aggregate([{ $limit: 1 }], { hint: { $natural: -1 } });
    expect(await first.toArray()).toMatchObject([{ _id: 4 }]);
  });

  test('takes a hint by name or by key and refuses an unknown one', async () => {
    await products.createIndex({ price: 1 });
    expect((await products.listIndexes().toArray()).map(({ name }) => name as unknown)).toEqual(['_id_', 'price_1']);
    expect(await ids({ price: 1 }, { hint: 'price_1' })).toEqual([2]);
    expect(await ids({ price: 1 }, { hint: { price: 1 } })).toEqual([2]);
    await expect(ids({}, { hint: 'absent' })).rejects.toMatchObject({
      code: 2,
      codeName: 'BadValue',
      message: expect.stringContaining('hint provided does not correspond to an existing index'),
    });
  });

  test('projects by exclusion, by slice, and by expression', async () => {
    expect(await projected({ parts: 0 })).toEqual({ _id: 4, name: 'apple', price: 10 });
    expect(await projected({ 'parts.n': 0, name: 0, price: 0 })).toEqual({
      _id: 4,
      parts: [{ sku: 'a' }, { sku: 'b' }],
    });
    expect(await projected({ _id: 0, twice: { $multiply: ['$price', 2] } })).toEqual({ twice: 20 });
    expect(await projected({ parts: { $elemMatch: { sku: 'b' } } })).toEqual({ _id: 4, parts: [{ sku: 'b', n: 2 }] });
  });

  test('answers a filter it does not understand with BadValue', async () => {
    await expect(ids({ price: { $near: 1 } })).rejects.toMatchObject({ code: 2, codeName: 'BadValue' });
    await expect(ids({ $where: 'true' })).rejects.toMatchObject({ code: 2 });
  });

  test('stops scanning once maxTimeMS is used up', async () => {
    server.load(
      'shop',
      'long',
      Array.from({ length: 20_000 }, (_, n) => ({ n })),
    );
    const found = client
      .db('shop')
      .collection('long')
      .find({ n: { $lt: 0 } }, { maxTimeMS: 1 });
    await expect(found.toArray()).rejects.toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' });
  });

  test('takes field names such as constructor as ordinary ones', async () => {
    const document = JSON.parse('{"_id":9,"constructor":1,"__proto__":{"a":1}}') as Document;
    await products.insertOne(document);
    const found = await products.findOne({ constructor: 1 });
    expect(JSON.stringify(found)).toBe(JSON.stringify(document));
  });

  test('takes a field __proto__ as any other, written, stored and asked for', async () => {
    const parsed = (text: string) => JSON.parse(text) as Document;
    const all = [
      '{"_id":20,"__proto__":1}',
      '{"_id":21,"__proto__":{"a":{"__proto__":"__proto__"}},"b":1}',
      '{"_id":22}',
    ].map(parsed);
    await products.deleteMany({});
    await products.insertMany(all.slice(0, 2));
    await products.insertOne(all[2] as never);
    const found = async (filter: string, options = {}) =>
      JSON.stringify(await products.find(parsed(filter), options).toArray());
    expect(await found('{}')).toBe(JSON.stringify(all));
    expect(await found('{"__proto__":1}')).toBe(JSON.stringify([all[0]]));
    expect(await found('{"__proto__":2}')).toBe('[]');
    expect(await found('{"__proto__":{"$exists":false}}')).toBe(JSON.stringify([all[2]]));
    expect(await found('{"__proto__.a.__proto__":"__proto__"}')).toBe(JSON.stringify([all[1]]));
    expect(await found('{"__proto__":{"a":{"__proto__":"__proto__"}}}')).toBe(JSON.stringify([all[1]]));
    expect(await found('{"b":1}', { projection: parsed('{"_id":0,"__proto__":1}') })).toBe(
      '[{"__proto__":{"a":{"__proto__":"__proto__"}}}]',
    );
    expect(await found('{"b":1}', { projection: parsed('{"__proto__":0}') })).toBe('[{"_id":21,"b":1}]');
    expect(await found('{}', { projection: { _id: 1 }, sort: parsed('{"__proto__":-1}') })).toBe(
      '[{"_id":21},{"_id":20},{"_id":22}]',
    );
    expect(await products.distinct('__proto__.a.__proto__')).toEqual(['__proto__']);
    expect(
      JSON.stringify(await run('products', [{ $match: { b: 1 } }, { $project: { _id: 0, p: '$__proto__.a' } }])),
    ).toBe('[{"p":{"__proto__":"__proto__"}}]');
    await products.updateOne({ _id: 22 as never }, parsed('{"$set":{"__proto__":{"c":1}}}'));
    expect(await found('{"__proto__.c":1}')).toBe('[{"_id":22,"__proto__":{"c":1}}]');
  });
});

test.each<[Document, string]>([
  [{ _id: 0, sku: 1, price: 1 }, '{"sku":"s","price":1}'],
  [{ price: 1, sku: 1 }, '{"_id":1,"sku":"s","price":1}'],
  [{ price: 1, 'at.a': 1, 'at.z': 1 }, '{"_id":1,"price":1,"at":{"z":1,"a":2}}'],
  [{ at: { a: 1, z: 1 } }, '{"_id":1,"at":{"z":1,"a":2}}'],
  [{ 'list.a': 1, 'list.z': 1, _id: 0 }, '{"list":[{"z":1,"a":2}]}'],
  [{ _id: 0, at: 0 }, '{"sku":"s","price":1,"list":[{"z":1,"a":2}]}'],
])('a projection %j keeps fields in the order of the document', async (projection, json) => {
  server.load('shop', 'products', [{ _id: 1, sku: 's', price: 1, at: { z: 1, a: 2 }, list: [{ z: 1, a: 2 }] }]);
  expect(JSON.stringify(await products.findOne({}, { projection }))).toBe(json);
  expect(JSON.stringify((await run('products', [{ $project: projection }]))[0])).toBe(json);
  const computed = [{ $project: { twice: { $add: ['$price', '$price'] }, sku: '$at.z', price: 1, _id: 1 } }];
  expect(JSON.stringify((await run('products', computed))[0])).toBe('{"_id":1,"price":1,"twice":2,"sku":1}');
});

describe('cursors', () => {
  const many = Array.from({ length: 1200 }, (_, n) => ({ _id: n, n }));

  beforeEach(() => server.load('shop', 'products', many));

  test('page through a thousand documents in batches', async () => {
    const found = await products.find({}, { batchSize: 100, sort: { _id: 1 } }).toArray();
    expect(found).toEqual(many);
    expect(server.stats()).toMatchObject({ cursors: 0, commands: { find: 1, getMore: 12 } });
  });

  test('open with 101 documents unless told', async () => {
    const cursor = products.find();
    await cursor.next();
    expect(cursor.bufferedCount()).toBe(100);
    await cursor.close();
  });

  test('page through an aggregation too', async () => {
    const found = await products.aggregate([{ $set: { n: 0 } }], { batchSize: 500 }).toArray();
    expect(found).toHaveLength(1200);
    expect(server.stats()).toMatchObject({ cursors: 0, commands: { aggregate: 1, getMore: 2 } });
  });

  test('end when the client leaves the loop', async () => {
    for await (const { n } of products.find({}, { batchSize: 10 })) if (n === 3) break;
    expect(server.stats()).toMatchObject({ cursors: 0, commands: { killCursors: 1 } });
  });

  test('end with the connection that opened them', async () => {
    await products.find({}, { batchSize: 10 }).next();
    expect(server.stats().cursors).toBe(1);
    await client.close();
    await settled(server, { cursors: 0, connections: 0 });
  });

  test('are not found once closed', async () => {
    const command = { getMore: Long.fromNumber(99), collection: 'products' };
    await expect(client.db('shop').command(command)).rejects.toMatchObject({ code: 43, codeName: 'CursorNotFound' });
  });

  test('are found by a number, an Int32 or a Long', async () => {
    const { cursor } = await client.db('shop').command({ find: 'products', batchSize: 1 });
    for (const id of [Long.fromValue(cursor.id), new Int32(Number(cursor.id)), new Double(Number(cursor.id))]) {
      const more = await client.db('shop').command({ getMore: id, collection: 'products', batchSize: 1 });
      expect(more.cursor.nextBatch).toHaveLength(1);
    }
  });

  test('outlive the maxTimeMS of the command that opened them', async () => {
    const cursor = products.find({ n: { $gte: 0 } }, { batchSize: 10, maxTimeMS: 50 });
    await cursor.next();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await cursor.toArray()).toHaveLength(1199);
  });

  test('keep a batch below 16 MiB', async () => {
    const blob = 'x'.repeat(7 * 1024 * 1024);
    server.load('shop', 'blobs', [{ blob }, { blob }, { blob }]);
    const blobs = await client.db('shop').collection('blobs').find({}).toArray();
    expect(blobs).toHaveLength(3);
    expect(server.stats().commands.getMore).toBe(1);
  });
});

describe('aggregate', () => {
  beforeEach(() => {
    server.load('shop', 'users', [
      { _id: 'ada', age: 36 },
      { _id: 'bob', age: 20 },
    ]);
    server.load('shop', 'orders', [
      { _id: 1, user: 'ada', sum: 10 },
      { _id: 2, user: 'ada', sum: 5 },
      { _id: 3, user: 'eve', sum: 7 },
    ]);
    server.load('shop', 'people', [
      { _id: 1, name: 'a', boss: 2 },
      { _id: 2, name: 'b', boss: 3 },
      { _id: 3, name: 'c' },
    ]);
  });

  test('joins with $lookup by fields', async () => {
    const pipeline = [
      { $lookup: { from: 'orders', localField: '_id', foreignField: 'user', as: 'orders' } },
      { $project: { 'orders._id': 1 } },
    ];
    expect(await run('users', pipeline)).toEqual([
      { _id: 'ada', orders: [{ _id: 1 }, { _id: 2 }] },
      { _id: 'bob', orders: [] },
    ]);
  });

  test('joins with $lookup by fields and a pipeline', async () => {
    const lookup = { from: 'orders', localField: '_id', foreignField: 'user', let: { age: '$age' }, as: 'orders' };
    const pipeline = [{ $match: { sum: { $gt: 6 } } }, { $project: { _id: 1, age: '$$age' } }];
    expect(await run('users', [{ $lookup: { ...lookup, pipeline } }])).toEqual([
      { _id: 'ada', age: 36, orders: [{ _id: 1, age: 36 }] },
      { _id: 'bob', age: 20, orders: [] },
    ]);
  });

  test('joins by ObjectId', async () => {
    const id = new ObjectId();
    server.load('shop', 'left', [{ _id: 1, ref: id }]);
    server.load('shop', 'right', [{ _id: id }, { _id: new ObjectId() }]);
    const [joined] = await run('left', [
      { $lookup: { from: 'right', localField: 'ref', foreignField: '_id', as: 'found' } },
    ]);
    expect(joined?.found).toEqual([{ _id: id }]);
  });

  test('runs $graphLookup, $unionWith, $facet, $group, $unwind and $count', async () => {
    const graph = { from: 'people', startWith: '$boss', connectFromField: 'boss', connectToField: '_id', as: 'above' };
    const [person] = await run('people', [{ $match: { _id: 1 } }, { $graphLookup: graph }]);
    expect(person?.above.map(({ name }: Document) => name as unknown)).toEqual(['b', 'c']);
    expect(await run('users', [{ $unionWith: 'orders' }, { $count: 'n' }])).toEqual([{ n: 5 }]);
    const facets = {
      best: [{ $sort: { sum: -1 } }, { $limit: 1 }],
      total: [{ $group: { _id: null, sum: { $sum: '$sum' } } }],
    };
    expect(await run('orders', [{ $facet: facets }])).toEqual([
      { best: [{ _id: 1, user: 'ada', sum: 10 }], total: [{ _id: null, sum: 22 }] },
    ]);
  });

  test('compares in expressions by value, and arrays whole', async () => {
    server.load('shop', 'mixed', [
      { _id: 1, a: Decimal128.fromString('2.0'), b: 2, list: [2] },
      { _id: 2, a: Long.fromString('9007199254740993'), b: 2, list: [3] },
    ]);
    expect(await matching({ $eq: ['$a', '$b'] })).toEqual([1]);
    expect(await matching({ $gt: ['$a', '$b'] })).toEqual([2]);
    expect(await matching({ $eq: ['$list', 2] })).toEqual([]);
    expect(await matching({ $in: [{ $literal: Decimal128.fromString('2.00') }, '$list'] })).toEqual([1]);
    await expect(matching({ $eq: ['$a'] })).rejects.toMatchObject({ code: 2 });
  });

  test('leaves what is stored as it was', async () => {
    server.load('shop', 'deep', [{ _id: 1, a: { b: 1 } }]);
    await run('deep', [{ $set: { 'a.b': 2 } }]);
    expect(await run('deep', [])).toEqual([{ _id: 1, a: { b: 1 } }]);
  });

  test('chooses by several stages in the order they stand', async () => {
    const pipeline = [{ $sort: { sum: 1 } }, { $limit: 2 }, { $match: { user: 'ada' } }];
    expect(await run('orders', pipeline)).toEqual([{ _id: 2, user: 'ada', sum: 5 }]);
    expect(await run('orders', [{ $match: { user: 'ada' } }, { $match: { sum: 5 } }])).toHaveLength(1);
    expect(
      await run('orders', [{ $match: { user: 'ADA' } }], { collation: { locale: 'en', strength: 1 } }),
    ).toHaveLength(2);
  });

  test.each([['$out'], ['$merge'], ['$nonsense']])('refuses %s', async (stage) => {
    await expect(run('orders', [{ [stage]: 'users' }])).rejects.toMatchObject({ code: 2 });
    expect(await run('users', [])).toHaveLength(2);
  });

  test('counts', async () => {
    const orders = client.db('shop').collection('orders');
    expect(await orders.countDocuments()).toBe(3);
    expect(await orders.countDocuments({ user: 'ada' }, { skip: 1, limit: 5 })).toBe(1);
    expect(await orders.estimatedDocumentCount()).toBe(3);
    expect((await client.db('shop').command({ count: 'orders', query: { user: 'ada' }, limit: 1 })).n).toBe(1);
    expect(await client.db('shop').collection('absent').countDocuments()).toBe(0);
  });

  test('lists distinct values, also of arrays and under a collation', async () => {
    server.load('shop', 'tagged', [{ tags: ['b', 'a'] }, { tags: ['a', 'A'] }, { tags: 'c' }, {}]);
    const tagged = client.db('shop').collection('tagged');
    expect(await tagged.distinct('tags')).toEqual(['A', 'a', 'b', 'c']);
    expect(await tagged.distinct('tags', { tags: 'b' })).toEqual(['a', 'b']);
    expect(await tagged.distinct('tags', {}, { collation: { locale: 'en', strength: 1 } })).toHaveLength(3);
  });
});

describe('writes', () => {
  test('refuse a second document of the same _id', async () => {
    await products.insertMany([{ _id: 1 as never }, { _id: 2 as never }]);
    const failed = products.insertMany([{ _id: 3 as never }, { _id: 1 as never }, { _id: 4 as never }], {
      ordered: false,
    });
    await expect(failed).rejects.toMatchObject({ code: 11000, insertedCount: 2 });
    expect(await products.countDocuments()).toBe(4);
  });

  test('update by operators, by replacement and by pipeline', async () => {
    await products.insertMany([
      { _id: 1 as never, n: 1, a: [1, 2] },
      { _id: 2 as never, n: 1 },
    ]);
    expect(await products.updateMany({ n: 1 }, { $inc: { n: 2 } })).toMatchObject({
      matchedCount: 2,
      modifiedCount: 2,
    });
    expect(await products.updateOne({ a: 2 }, { $set: { 'a.$': 9 } })).toMatchObject({ modifiedCount: 1 });
    expect(await products.updateOne({ _id: 1 as never }, { $set: { n: 3 } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 0,
    });
    await products.replaceOne({ _id: 2 as never }, { m: 5 });
    await products.updateOne({ _id: 2 as never }, [{ $set: { twice: { $multiply: ['$m', 2] } } }]);
    expect(await products.find().toArray()).toEqual([
      { _id: 1, n: 3, a: [1, 9] },
      { _id: 2, m: 5, twice: 10 },
    ]);
  });

  test('upsert what is not there', async () => {
    const change = { $set: { n: 1 }, $setOnInsert: { fresh: true } };
    const first = await products.updateOne({ name: 'x' }, change, { upsert: true });
    expect(first).toMatchObject({ upsertedCount: 1, matchedCount: 0 });
    expect(await products.updateOne({ name: 'x' }, change, { upsert: true })).toMatchObject({ upsertedCount: 0 });
    expect(await products.find().toArray()).toEqual([{ _id: first.upsertedId, name: 'x', n: 1, fresh: true }]);
  });

  test('delete one or many', async () => {
    server.load('shop', 'products', [{ a: 1 }, { a: 1 }, { a: 1 }, { a: 2 }]);
    expect(await products.deleteOne({ a: 1 })).toMatchObject({ deletedCount: 1 });
    expect(await products.deleteMany({ a: 1 })).toMatchObject({ deletedCount: 2 });
    expect(await products.countDocuments()).toBe(1);
  });

  test('show in the list of collections', async () => {
    await products.insertOne({});
    expect(await collectionNames()).toEqual(['products']);
    await products.drop();
    expect(await collectionNames()).toEqual([]);
  });

  test('wanted no answer for need none', async () => {
    await products.insertOne({ _id: 1 as never }, { writeConcern: { w: 0 } });
    expect(await products.countDocuments()).toBe(1);
  });
});

describe('commands', () => {
  test('ping, buildInfo and hello answer', async () => {
    const admin = client.db('admin');
    expect(await admin.command({ ping: 1 })).toMatchObject({ ok: 1 });
    expect(await admin.command({ buildInfo: 1 })).toMatchObject({ version: '8.0.0' });
    expect(await admin.command({ hello: 1 })).toMatchObject({ isWritablePrimary: true, maxWireVersion: 25 });
  });

  test('that are unknown are CommandNotFound', async () => {
    const unknown = client.db('shop').command({ constructor: 1 });
    await expect(unknown).rejects.toMatchObject({ code: 59, codeName: 'CommandNotFound' });
    expect(server.stats().commands).not.toHaveProperty(['constructor']);
  });

  test('that are no messages end their connection alone', async () => {
    await products.findOne();
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.alloc(64, 0xff));
    await once(socket, 'close');
    expect(await products.findOne()).toBeNull();
  });
});

describe('faults', () => {
  beforeEach(async () => {
    server.load('shop', 'products', [{ _id: 1, text: 'x'.repeat(1000) }]);
    await client.connect();
  });

  test('are asked for by command and collection, and not for what drivers ask by themselves', async () => {
    const asked = vi.spyOn(faults, 'next');
    await products.findOne();
    await client.db('shop').command({ ping: 1 });
    await client.close();
    expect(asked.mock.calls).toEqual([
      ['mongo', 'find:products'],
      ['mongo', 'ping'],
    ]);
  });

  test('delay an answer', async () => {
    befalls({ kind: 'delay', ms: 40 });
    const before = performance.now();
    expect(await products.findOne()).toMatchObject({ _id: 1 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(39);
  });

  test('delay no longer than maxTimeMS, which then expires', async () => {
    befalls({ kind: 'delay', ms: 60_000 });
    const found = products.findOne({}, { maxTimeMS: 20 });
    await expect(found).rejects.toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' });
    expect(server.stats()).toMatchObject({ running: 0, cancelled: 0 });
  });

  test.each<[string, Fault]>([
    ['stalled', { kind: 'stall' }],
    ['delayed', { kind: 'delay', ms: 60_000 }],
  ])('leave a %s command running until its client aborts it', async (_, fault) => {
    befalls(fault);
    const controller = new AbortController();
    const found = products.findOne({}, { signal: controller.signal });
    await settled(server, { running: 1 });
    controller.abort(new Error('not needed any more'));
    await expect(found).rejects.toThrow('not needed any more');
    await settled(server, { running: 0, cancelled: 1 });
    expect(await products.findOne()).toMatchObject({ _id: 1 });
  });

  test('leave other commands alone while one stalls', async () => {
    befalls({ kind: 'stall' });
    const controller = new AbortController();
    const stalled = products.findOne({}, { signal: controller.signal });
    await settled(server, { running: 1 });
    expect(await products.countDocuments()).toBe(1);
    controller.abort();
    await expect(stalled).rejects.toThrow();
  });

  test.each([
    [undefined, 6, 'HostUnreachable'],
    [50, 50, 'MaxTimeMSExpired'],
    [4242, 4242, 'Location4242'],
  ])('fail a command with code %s', async (given, code, codeName) => {
    befalls({ kind: 'fail', ...(given !== undefined && { code: given }) });
    await expect(products.findOne()).rejects.toMatchObject({ code, codeName });
    expect(await products.findOne()).not.toBeNull();
  });

  test('cut an answer in the middle', async () => {
    befalls({ kind: 'cut' });
    await expect(products.findOne()).rejects.toMatchObject({ name: 'MongoNetworkError' });
    expect(await products.findOne()).not.toBeNull();
  });

  test('let an answer come in a trickle, which ends with the connection', async () => {
    befalls({ kind: 'drip', bytesPerSecond: 20_000 });
    const before = performance.now();
    expect(await products.findOne()).toMatchObject({ _id: 1 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);

    befalls({ kind: 'drip', bytesPerSecond: 1 });
    const controller = new AbortController();
    const found = products.findOne({}, { signal: controller.signal });
    await settled(server, { running: 1 });
    controller.abort(new Error('not needed any more'));
    await expect(found).rejects.toThrow('not needed any more');
    await settled(server, { running: 0, cancelled: 1 });
  });

  test('do not keep a server from closing', async () => {
    befalls({ kind: 'stall' });
    const stalled = products.findOne();
    await settled(server, { running: 1 });
    await Promise.all([expect(stalled).rejects.toThrow(), server.close()]);
    await settled(server, { running: 0, cancelled: 1, connections: 0 });
  });
});

describe('a login', () => {
  const secret = { username: 'codap', password: 'pä,ss=word' };
  const login = (password: string, username = secret.username): string =>
    `${username}:${encodeURIComponent(password)}@`;

  test('lets the right password in', async () => {
    const guarded = await started(secret);
    guarded.load('shop', 'products', [{ _id: 1 }]);
    const user = connected(guarded.port, {}, login(secret.password));
    expect(await user.db('shop').collection('products').countDocuments()).toBe(1);
  });

  test.each([
    ['password', login('wrong')],
    ['user', login(secret.password, 'someone')],
  ])('refuses a wrong %s', async (_, credentials) => {
    const guarded = await started(secret);
    const user = connected(guarded.port, {}, credentials);
    const found = user.db('shop').collection('products').findOne();
    await expect(found).rejects.toMatchObject({ code: 18, codeName: 'AuthenticationFailed' });
  });

  test('is required for all but the handshake', async () => {
    const guarded = await started(secret);
    const nobody = connected(guarded.port);
    const found = nobody.db('shop').collection('products').findOne();
    await expect(found).rejects.toMatchObject({ code: 13, codeName: 'Unauthorized' });
    expect(await nobody.db('shop').command({ ping: 1 })).toMatchObject({ ok: 1 });
  });
});

test('a taken port is a failure to start', async () => {
  await expect(startMongo({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
