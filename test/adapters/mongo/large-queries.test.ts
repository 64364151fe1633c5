import { afterAll, beforeAll, expect, it } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import { Filled } from '../../../src/store/placeholder.ts';
import { failed } from '../failed.ts';
import { runner } from '../source.ts';
import { openScripted, type ScriptedSource } from './scripted-source.ts';

const ask = runner(mongo);
let opened: ScriptedSource;

beforeAll(async () => {
  opened = await openScripted((name) => (name === 'distinct' ? { distinct: [] } : []));
});
afterAll(() => opened[Symbol.asyncDispose]());

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
    const { store, options, connection } = opened;
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
