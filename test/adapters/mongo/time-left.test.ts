import { deserialize } from 'bson';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import { GrowingDeadline } from '../../../src/store/deadline.ts';
import { runner } from '../source.ts';
import { openScripted, type ScriptedSource } from './scripted-source.ts';

const ask = runner(mongo);
let opened: ScriptedSource;

beforeAll(async () => {
  opened = await openScripted((name) => (name === 'distinct' ? { distinct: [] } : []), {
    timeoutMs: 2000,
    concurrency: 2,
  });
});
afterAll(() => opened[Symbol.asyncDispose]());

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
  const { store, options, connection } = opened;
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
