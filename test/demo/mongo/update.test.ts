import { Decimal128, type Document, Double, EJSON } from 'bson';
import { expect, test } from 'vitest';
import { served } from './served.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

const mongo = served();

test('an update tells the types of numbers, too', async () => {
  mongo.server.load('shop', 'typed', [
    { _id: 0, v: new Double(1) },
    { _id: 1, v: 1 },
  ]);
  const answer = await mongo.client
    .db('shop')
    .collection('typed')
    .updateMany({ v: { $type: 'int' } }, { $set: { v: 'int' } });
  expect(answer.modifiedCount).toBe(1);
});

test.each<[Document]>([
  [{ $inc: { v: 1 } }],
  [{ $mul: { v: 2 } }],
  [{ $min: { v: 1 } }],
  [{ $max: { n: decimal('9.5') } }],
  [{ $addToSet: { list: 1 } }],
  [{ $addToSet: { list: { $each: [1] } } }],
  [{ $inc: { 'list.$[]': 1 } }],
  [{ $push: { list: { $each: [1], $sort: 1 } } }],
])('an update that would have to compute with a decimal is refused: %j', async (change) => {
  mongo.server.load('shop', 'computed', [{ _id: 0, v: decimal('1.5'), n: 1, list: [decimal('1.0')] }]);
  const updated = mongo.client.db('shop').collection('computed').updateOne({ n: 1 }, change);
  await expect(updated).rejects.toMatchObject({ code: 2 });
});

test('an update computes with other numbers beside a decimal', async () => {
  const computed = mongo.client.db('shop').collection('beside');
  mongo.server.load('shop', 'beside', [
    { _id: 0, v: decimal('1.5'), n: 1, list: [decimal('1.0'), decimal('2')] },
  ] as never);
  await computed.updateOne({ n: 1 }, { $inc: { n: 1 }, $pull: { list: 1 } as never });
  expect(EJSON.serialize((await computed.findOne({ n: 2 })) as Document)).toEqual(
    EJSON.serialize({ _id: 0, v: decimal('1.5'), n: 2, list: [decimal('2')] }),
  );
});
