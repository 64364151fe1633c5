import { deserialize, type Binary } from 'bson';
import { expect, it } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import { runner } from '../source.ts';
import { openScripted } from './scripted-source.ts';

const ask = runner(mongo);

/** Asks a store some times, so many at once; answers the sessions of each time. */
async function sessions(greeting: object, times: number, atOnce: number): Promise<(string | undefined)[][]> {
  await using opened = await openScripted(() => [], { timeoutMs: 2000, concurrency: 10 }, greeting);
  const { store, options, connection } = opened;
  const asked: (string | undefined)[][] = [];
  for (let time = 0; time < times; time++) {
    const queries = Array.from({ length: atOnce }, () => ask(connection, options, 'findOne', { collection: 'c' }));
    await Promise.all(queries);
    asked.push(store.commands.slice(-atOnce).map(sessionOf));
  }
  return asked;
}

function sessionOf(command: Buffer): string | undefined {
  const { lsid } = deserialize(command) as { lsid?: { id: Binary } };
  return lsid?.id.toString('hex');
}

const WITH = { logicalSessionTimeoutMinutes: 30 };

it('commands one after the other share a session', async () => {
  const ids = (await sessions(WITH, 5, 1)).flat();
  expect(ids[0]).toBeDefined();
  expect(new Set(ids).size).toBe(1);
});

it('commands at the same time have sessions of their own, which are used again', async () => {
  const [first = [], ...others] = await sessions(WITH, 3, 4);
  expect(new Set(first).size).toBe(4);
  for (const ids of others) expect(new Set(ids)).toEqual(new Set(first));
});

it('a store without sessions is sent none', async () => {
  expect((await sessions({}, 2, 2)).flat()).toEqual([undefined, undefined, undefined, undefined]);
});
