import { deserialize } from 'bson';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Connection } from '../../../adapters/adapter.ts';
import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import { startScriptedMongo, type ScriptedMongo } from '../../scripted-mongo.ts';
import { runner } from '../source.ts';
import { source } from './checked.ts';

const ask = runner(mongo);
let store: ScriptedMongo;
let options: MongoOptions;
let connection: Connection;

beforeAll(async () => {
  store = await startScriptedMongo((name) => (name === 'distinct' ? { distinct: [] } : []));
  options = source({ url: store.url, collections: ['c'], timeoutMs: 2000, concurrency: 2 });
  connection = await mongo.open(options);
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await store.close();
});

const OPS: readonly [string, object][] = [
  ['findOne', {}],
  ['find', {}],
  ['find', { batchSize: 2 }],
  ['aggregate', { pipeline: [] }],
  ['aggregate', { pipeline: [], batchSize: 2 }],
  ['countDocuments', {}],
  ['distinct', { key: 'a' }],
];

it.each(OPS)('the store is told how long a query may take at the latest: %s %j', async (op, params) => {
  for (const [deadline, most] of [
    [performance.now() + 5000, 5000],
    [new GrowingDeadline(performance.now() + 5000, performance.now() + 60_000), 60_000],
  ] as const) {
    await ask(connection, options, op, { collection: 'c', ...params }, { deadline });
    const { maxTimeMS } = deserialize(store.commands.at(-1) as Buffer);
    expect(maxTimeMS).toBeGreaterThan(most - 4000);
    expect(maxTimeMS).toBeLessThanOrEqual(most);
  }
});
