import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import type { Connection } from '../../../adapters/adapter.ts';
import { startMongo } from '../../../demo/mongo/server.ts';
import { startScriptedMongo } from '../../scripted-mongo.ts';
import { CodapError } from '../../../src/errors.ts';
import { unbounded } from '../../unbounded.ts';
import { checked, source } from './checked.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

/** What became of each of so many queries at a time. */
async function asked(connection: Connection, times = 1): Promise<string[]> {
  const { query: params } = checked('findOne', { collection: 'users' });
  const ask = async (): Promise<string> => {
    const context = { signal: AbortSignal.timeout(2000), deadline: performance.now() + 2000, caller: { headers: {} } };
    try {
      await connection.fetch({ op: 'findOne', params, want: 'value' }, { ...context, ...unbounded() });
      return 'ok';
    } catch (error) {
      return (error as CodapError).code;
    }
  };
  return Promise.all(Array.from({ length: times }, ask));
}
const FORBIDDEN = Array.from({ length: 20 }, () => 'FORBIDDEN');

it('a login that is refused is not tried again for a second, then two, up to 30, and works once it is taken', async () => {
  let store = await startMongo({ username: 'codap', password: 'other' });
  const { port } = store;
  const logins = () => store.stats().commands['saslStart'];
  await using connection = await mongo.open(source({ url: `mongodb://codap:right@127.0.0.1:${port}` }));
  let tried = 1;
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    expect(await asked(connection, 20)).toEqual(FORBIDDEN);
    expect(await asked(connection, 20)).toEqual(FORBIDDEN);
    vi.advanceTimersByTime(1000 * seconds - 1);
    expect(await asked(connection)).toEqual(['FORBIDDEN']);
    expect(logins()).toBe(tried);
    tried += 1;
    vi.advanceTimersByTime(1);
  }
  await store.close();
  store = await startMongo({ port, username: 'codap', password: 'right' });
  expect(await asked(connection)).toEqual(['ok']);
  await store.close();
});

it('so it is where the password changes under a client that is connected, and of all who wait', async () => {
  let store = await startMongo({ username: 'codap', password: 'right' });
  const { port } = store;
  await using connection = await mongo.open(source({ url: `mongodb://codap:right@127.0.0.1:${port}` }));
  expect(await asked(connection)).toEqual(['ok']);
  await store.close();
  store = await startMongo({ port, username: 'codap', password: 'other' });
  // The first may learn that its connection was ended.
  await asked(connection);
  for (let time = 0; time < 5; time += 1) expect(await asked(connection, 20)).toEqual(FORBIDDEN);
  expect(store.stats().commands['saslStart']).toBeLessThanOrEqual(2);
  await store.close();
  store = await startMongo({ port, username: 'codap', password: 'right' });
  expect(await asked(connection)).toEqual(['FORBIDDEN']);
  vi.advanceTimersByTime(1000);
  expect(await asked(connection)).toEqual(['ok']);
  await store.close();
});

it('a store that is too old is not tried again for a second, and works once it is new', async () => {
  const greeting: Record<string, unknown> = { maxWireVersion: 7 };
  let greetings = 0;
  const store = await startScriptedMongo(
    () => [],
    greeting,
    (message) => {
      greetings += 1;
      return message;
    },
  );
  await using connection = await mongo.open(source({ url: store.url }));
  expect(await asked(connection)).toEqual(['BAD_RESPONSE']);
  const before = greetings;
  greeting['maxWireVersion'] = 25;
  expect(await asked(connection, 20)).toEqual(Array.from({ length: 20 }, () => 'BAD_RESPONSE'));
  expect(greetings).toBe(before);
  vi.advanceTimersByTime(1000);
  expect(await asked(connection)).toEqual(['ok']);
  await store.close();
});

it('one mongos that refuses a login costs the other nothing, and both are left alone once neither takes it', async () => {
  const logins = [0, 0];
  const refusing = new Set<number>();
  const start = (at: number) =>
    startScriptedMongo(
      () => [],
      (name: string) => {
        if (name === 'saslStart') logins[at]! += 1;
        return name === 'saslStart' && refusing.has(at) ? { ok: 0, code: 18 } : { msg: 'isdbgrid' };
      },
    );
  const [first, second] = await Promise.all([start(0), start(1)]);
  const hosts = [first, second].map(({ url }) => new URL(url).host).join(',');
  await using connection = await mongo.open(source({ url: `mongodb://u:p@${hosts}/?authMechanism=PLAIN` }));
  expect(await asked(connection)).toEqual(['ok']);
  // Each is asked for more than it has connections for.
  await asked(connection, 40);
  refusing.add(0);
  await vi.waitFor(async () => {
    const before = logins[0];
    await asked(connection, 80);
    expect(logins[0]).toBeGreaterThan(before!);
  });
  for (let time = 0; time < 5; time += 1) expect(await asked(connection, 4)).toEqual(['ok', 'ok', 'ok', 'ok']);
  refusing.add(1);
  await vi.waitFor(async () => {
    await asked(connection, 160);
    expect(await asked(connection, 20)).toEqual(FORBIDDEN);
  });
  const before = [...logins];
  expect(await asked(connection, 20)).toEqual(FORBIDDEN);
  expect(logins).toEqual(before);
  refusing.clear();
  vi.advanceTimersByTime(1000);
  expect(await asked(connection)).toEqual(['ok']);
  await Promise.all([first.close(), second.close()]);
});
