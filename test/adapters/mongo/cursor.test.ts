import { serialize } from 'bson';
import { expect, it, vi } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import type { Items } from '../../../src/store/payload.ts';
import { startScriptedMongo } from '../../scripted-mongo.ts';
import { runner } from '../source.ts';
import { source } from './checked.ts';

const ask = runner(mongo);
const nameOf = (command: Buffer): string => command.toString('utf8', 5, command.indexOf(0, 5));

it('is ended where it is, of several servers, also while its next batch is under way', async () => {
  const start = () =>
    startScriptedMongo(
      (name) => (name === 'find' ? { first: [serialize({ _id: 1 })] } : name === 'getMore' ? 'stall' : []),
      // Two routers of one cluster: a command goes to either.
      { msg: 'isdbgrid', logicalSessionTimeoutMinutes: 30 },
    );
  const stores = [await start(), await start()];
  const hosts = stores.map(({ url }) => new URL(url).host).join(',');
  const options = source({ url: `mongodb://${hosts}/`, collections: ['c'], timeoutMs: 2000, concurrency: 30 });
  const connection = await mongo.open(options);
  const opened: AsyncIterator<unknown>[] = [];
  for (let at = 0; at < 20; at++) {
    const { items } = (await ask(connection, options, 'find', { collection: 'c' }, { want: 'items' })) as Items;
    opened.push(items[Symbol.asyncIterator]());
  }
  const named = (name: string) => stores.map(({ commands }) => commands.filter((it) => nameOf(it) === name).length);
  const left = opened.map(async (items) => {
    await items.next();
    const next = items.next().catch(() => undefined);
    await vi.waitUntil(() => named('getMore').reduce((sum, count) => sum + count) === opened.length);
    await items.return!();
    return next;
  });
  await vi.waitUntil(() => named('killCursors').reduce((sum, count) => sum + count) >= opened.length);
  expect(Math.min(...named('find'))).toBeGreaterThan(0);
  expect(named('killCursors')).toEqual(named('find'));
  await connection[Symbol.asyncDispose]();
  await Promise.all(stores.map((store) => store.close()));
  await Promise.allSettled(left);
});
