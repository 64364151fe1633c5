import { deserialize, Long, serialize } from 'bson';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Connection } from '../../../adapters/adapter.ts';
import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import type { Items } from '../../../src/store/payload.ts';
import { type ScriptedMongo, startScriptedMongo } from '../../scripted-mongo.ts';
import { failed } from '../failed.ts';
import { context, runner } from '../source.ts';
import { source } from './checked.ts';

const ask = runner(mongo);
/** Routers of one cluster, of which the driver asks any; each has cursors of its own. */
let routers: ScriptedMongo[];
let options: MongoOptions;
let connection: Connection;
/** The cursors that are open, all that there were, and all that were ended, each as router and id. */
const open = new Set<string>();
const opened = new Set<string>();
const killed = new Set<string>();
let last = 0;
let stalls = false;

beforeAll(async () => {
  const start = (router: number) =>
    startScriptedMongo(
      (name, command) => {
        const asked = deserialize(command) as { getMore?: Long; cursors?: Long[] };
        if (name === 'getMore') {
          if (stalls) return 'nothing';
          open.delete(`${router}: ${String(asked.getMore)}`);
          return [];
        }
        if (name === 'killCursors') {
          const which = `${router}: ${String(asked.cursors?.[0])}`;
          killed.add(which);
          open.delete(which);
          return [];
        }
        const id = Long.fromNumber((last += 1));
        open.add(`${router}: ${String(id)}`);
        opened.add(`${router}: ${String(id)}`);
        return { found: [serialize({ _id: 1 })], open: id };
      },
      { msg: 'isdbgrid' },
    );
  routers = await Promise.all([start(1), start(2)]);
  const url = `mongodb://${routers.map((router) => router.url.slice('mongodb://'.length)).join(',')}`;
  options = source({ url, collections: ['c'], unique: { c: ['a'] } });
  connection = await mongo.open(options);
});
beforeEach(() => {
  open.clear();
  opened.clear();
  killed.clear();
  stalls = false;
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  for (const router of routers) await router.close();
});

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'a list that does not come at once': () => ask(connection, options, 'find', { collection: 'c' }),
  'what is asked for together': () => {
    const query = (a: number) => ({
      op: 'findOne',
      params: mongo.compile('findOne', { collection: 'c', filter: { a }, ejson: undefined }, options, () => {}),
      want: 'value' as const,
    });
    const points = [1, 2].map((a) => connection.merger!.pointOf(query(a), { headers: {} })!);
    return connection.fetch(connection.merger!.merged(points), context());
  },
  'a description': () => connection.contents!((query) => connection.fetch(query, context())),
  async 'a list that is left while the store is asked for more'() {
    stalls = true;
    const leaving = new AbortController();
    const own = { signal: leaving.signal, want: 'items' } as const;
    const { items } = (await ask(connection, options, 'find', { collection: 'c' }, own)) as Items;
    const list = items[Symbol.asyncIterator]();
    await list.next();
    const next = failed(list.next());
    leaving.abort(new Error('left'));
    await next;
  },
};

it.each(Object.entries(WAYS))('the cursor of %s is ended where it is open, and nowhere else', async (_name, run) => {
  for (let time = 0; time < 12; time++) {
    await run();
    await vi.waitFor(() => expect([...open]).toEqual([]));
  }
  expect(killed.size).toBe(12);
  expect([...killed.difference(opened)]).toEqual([]);
});
