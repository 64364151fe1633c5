import { Decimal128, Double, Long, ObjectId } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { ADA, ADAS_ORDER, COLLECTIONS, UNIQUE } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';

let stores: Stores;
let mongo: MongoClient;
const products = () => mongo.db('shop').collection('products').find({}).toArray();

beforeAll(async () => {
  stores = await startStores();
  mongo = new MongoClient(stores.mongoUrl, { serverSelectionTimeoutMS: 1000 });
});
afterEach(() => stores.clearFaults());
afterAll(async () => {
  await mongo.close();
  await stores.close();
});

describe('the embedded stores', () => {
  it('hold a small shop whose documents know each other', async () => {
    const shop = mongo.db('shop');
    const ada = await shop.collection('users').findOne({ _id: new ObjectId(ADA) }, { promoteLongs: false });
    expect(ada).toMatchObject({ name: 'Ada Lovelace', cardNumber: Long.fromString('9007199254740993') });
    const [latest] = await shop.collection('orders').find({ userId: ada?._id }).sort({ at: -1 }).toArray();
    expect(latest?._id).toEqual(new ObjectId(ADAS_ORDER));
    expect(latest?.['total']).toMatchObject({ _bsontype: 'Decimal128' });
    expect(await shop.collection('products').countDocuments({ sku: latest?.['sku'] })).toBe(1);
    expect((await fetch(`${stores.restUrl}/products/${latest?.['sku']}`)).status).toBe(200);
  });

  it('have an index for each field that is unique, as seeded stores do', async () => {
    const hinted = (name: string, hint: string) => mongo.db('shop').collection(name).find({}, { hint }).toArray();
    for (const [name, fields] of Object.entries(UNIQUE))
      for (const field of fields) expect(await hinted(name, `${field}_1`)).toHaveLength(COLLECTIONS[name]?.length ?? 0);
    await expect(hinted('users', 'name_1')).rejects.toMatchObject({ codeName: 'BadValue' });
  });

  it('keep the types of what is loaded', async () => {
    const document = {
      _id: new ObjectId(),
      long: Long.fromNumber(1),
      double: new Double(2),
      decimal: Decimal128.fromString('1.10'),
    };
    await stores.load('other', 'typed', [document]);
    expect(
      await mongo.db('other').collection('typed').findOne({ _id: document._id }, { promoteValues: false }),
    ).toEqual(document);
  });

  it('fail where a fault was added, until it is taken away', async () => {
    const texts = async () => (await stores.stats()).rest.requests['GET /text'] ?? 0;
    const before = await texts();
    const remove = await stores.addFault({ store: 'rest', match: 'GET /text', fault: { kind: 'fail', status: 503 } });
    expect((await fetch(`${stores.restUrl}/text`)).status).toBe(503);
    await remove();
    expect((await fetch(`${stores.restUrl}/text`)).status).toBe(200);
    expect((await texts()) - before).toBe(2);
    await stores.addFault({ store: 'mongo', match: 'find:products', times: 1, fault: { kind: 'fail', code: 13 } });
    await expect(products()).rejects.toMatchObject({ code: 13 });
    expect(await products()).toHaveLength(12);
  });

  it.each(['mongo', 's3', 'rest'] as const)(
    'let %s go down and come up on the same port with its data',
    async (store) => {
      await stores.putObject('b', 'k', 'still here');
      const alive = () =>
        store === 'mongo'
          ? new MongoClient(stores.mongoUrl, { serverSelectionTimeoutMS: 200 })
          : fetch(store === 's3' ? stores.s3Endpoint : stores.restUrl);
      const asks = async () => {
        const asked = await alive();
        if (!(asked instanceof MongoClient)) return asked.status < 500;
        try {
          return (await asked.db('shop').collection('users').countDocuments()) === 5;
        } finally {
          await asked.close();
        }
      };
      expect(await asks()).toBe(true);
      await stores.stop(store);
      await stores.stop(store);
      await expect(asks()).rejects.toThrow();
      await stores.start(store);
      expect(await asks()).toBe(true);
    },
  );

  it('say so when a port is taken, and refuse calls once they are closed', async () => {
    await expect(startStores({ ports: { rest: stores.ports.rest }, data: false })).rejects.toThrow('EADDRINUSE');
    const others = await startStores({ data: false });
    expect((await others.stats()).rest.connections).toBe(0);
    await others.close();
    await expect(others.stats()).rejects.toThrow('closed');
    await expect(fetch(others.restUrl)).rejects.toThrow();
  });

  it('are all sources of the demo configuration', () => {
    const { sources } = demoConfig(stores);
    expect(Object.keys(sources)).toEqual([
      'shop',
      'photos',
      'files',
      'catalog',
      'pricing-eu',
      'pricing-us',
      'pricing-asia',
    ]);
    expect(JSON.parse(JSON.stringify(sources))).toEqual(sources);
  });
});
