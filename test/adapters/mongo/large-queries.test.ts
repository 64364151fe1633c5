import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Connection } from '../../../adapters/adapter.ts';
import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import { Filled } from '../../../src/store/placeholder.ts';
import { type ScriptedMongo, startScriptedMongo } from '../../scripted-mongo.ts';
import { failed } from '../failed.ts';
import { runner } from '../source.ts';
import { source } from './checked.ts';

const ask = runner(mongo);
let store: ScriptedMongo;
let options: MongoOptions;
let connection: Connection;

beforeAll(async () => {
  store = await startScriptedMongo((name) => (name === 'distinct' ? { distinct: [] } : []));
  options = source({ url: store.url, collections: ['c'] });
  connection = await mongo.open(options);
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await store.close();
});

const large = new Filled('€'.repeat(2_500_000));
const WAYS = [
  ['findOne', {}, 'value'],
  ['find', {}, 'value'],
  ['find', { batchSize: 2 }, 'value'],
  ['find', {}, 'items'],
  ['countDocuments', {}, 'value'],
  ['distinct', { key: 'a' }, 'value'],
] as const;

it.each(WAYS)(
  'a query of more bytes than MongoDB takes is TOO_LARGE, and the next one is answered: %s %j as %s',
  async (op, own, want) => {
    const params = (values: unknown[]) => ({ collection: 'c', filter: { a: { $in: values } }, ...own });
    const asked = store.commands.length;
    const error = await failed(ask(connection, options, op, params([large, large, large]), { want }));
    expect(error).toMatchObject({ code: 'TOO_LARGE', retryable: false });
    expect(error.status).toBeUndefined();
    expect(store.commands).toHaveLength(asked);
    await ask(connection, options, op, params([large]), { want });
    expect(store.commands).toHaveLength(asked + 1);
  },
);
