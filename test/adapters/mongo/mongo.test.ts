import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Decimal128, Long, ObjectId, UUID } from 'bson';
import { Db } from 'mongodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../../adapters/adapter.ts';
import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import { LINGER_MS } from '../../../adapters/mongo/linger.ts';
import { Faults } from '../../../demo/faults.ts';
import { startMongo, type MongoServer } from '../../../demo/mongo/server.ts';
import { CodapError } from '../../../src/errors.ts';
import type { Items, Value } from '../../../src/store/payload.ts';
import { checked, filled, source } from './checked.ts';
import { unbounded } from '../../unbounded.ts';

const ada = {
  _id: new ObjectId(),
  name: 'Ada',
  email: '$ada',
  visits: new Long(5),
  balance: Decimal128.fromString('1.50'),
  token: new UUID(),
  big: Long.MAX_VALUE,
  since: new Date(1_700_000_000_000),
  tags: ['a', 'b'],
};
const numbers = Array.from({ length: 250 }, (_, n) => ({ _id: n, n, text: 'x'.repeat(100) }));

let server: MongoServer;
let faults: Faults;
let connection: Connection;
let options: MongoOptions;

async function open(own: Partial<MongoOptions> = {}) {
  options = source({
    url: `mongodb://127.0.0.1:${server.port}`,
    collections: ['users', 'numbers'],
    timeoutMs: 2000,
    concurrency: 10,
    ...own,
  });
  return mongo.open(options);
}

beforeEach(async () => {
  faults = new Faults();
  server = await startMongo({ faults });
  server.load('shop', 'users', [ada, { _id: new ObjectId(), name: 'Bob', email: 'bob' }]);
  server.load('shop', 'numbers', numbers);
  connection = await open();
});

afterEach(async () => {
  await connection[Symbol.asyncDispose]();
  await server.close();
});

function context(signal: AbortSignal = new AbortController().signal, ms = 2000) {
  return { signal, deadline: performance.now() + ms, caller: { headers: {} }, ...unbounded() };
}

function ask(op: string, params: Record<string, unknown>, want: 'value' | 'items' = 'value', run = context()) {
  const { faults, query } = checked(op, params, options);
  expect(faults).toEqual([]);
  return connection.fetch({ op, params: query, want }, run);
}

const value = async (op: string, params: Record<string, unknown>, run = context()) =>
  (await ask(op, params, 'value', run)) as Value;
const json = async (op: string, params: Record<string, unknown>) =>
  JSON.parse((await value(op, params)).json) as unknown;
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(CodapError);
  return error as CodapError;
};

describe('a query', () => {
  test('findOne answers a document as plain JSON, or null', async () => {
    expect(await json('findOne', { collection: 'users', filter: { name: 'Ada' } })).toEqual({
      _id: ada._id.toHexString(),
      name: 'Ada',
      email: '$ada',
      visits: 5,
      balance: '1.50',
      token: ada.token.toString(),
      big: '9223372036854775807',
      since: '2023-11-14T22:13:20.000Z',
      tags: ['a', 'b'],
    });
    expect(await value('findOne', { collection: 'users', filter: { name: 'none' } })).toMatchObject({
      json: 'null',
      value: null,
    });
  });

  test('findOne answers Extended JSON where that is asked for', async () => {
    const projection = { visits: 1, _id: 0 };
    const params = { collection: 'users', filter: { name: 'Ada' }, projection };
    expect((await value('findOne', { ...params, ejson: 'canonical' })).json).toBe('{"visits":{"$numberLong":"5"}}');
    expect((await value('findOne', { ...params, ejson: 'relaxed' })).json).toBe('{"visits":5}');
  });

  test('find, aggregate, countDocuments and distinct answer theirs', async () => {
    const find = {
      collection: 'numbers',
      filter: { n: { $gte: 10 } },
      projection: { n: 1, _id: 0 },
      sort: { n: -1 },
      skip: 1,
      limit: 2,
    };
    expect(await json('find', find)).toEqual([{ n: 248 }, { n: 247 }]);
    expect(await json('find', { collection: 'numbers', filter: { n: 999 } })).toEqual([]);
    const pipeline = [{ $match: { n: { $lt: 4 } } }, { $group: { _id: null, sum: { $sum: '$n' } } }];
    expect(await json('aggregate', { collection: 'numbers', pipeline })).toEqual([{ _id: null, sum: 6 }]);
    expect(await json('countDocuments', { collection: 'numbers' })).toBe(250);
    expect(
      await json('countDocuments', { collection: 'numbers', filter: { n: { $lt: 50 } }, skip: 10, limit: 20 }),
    ).toBe(20);
    expect(await json('countDocuments', { collection: 'numbers', filter: { n: 999 } })).toBe(0);
    expect(await json('distinct', { collection: 'users', key: 'tags' })).toEqual(['a', 'b']);
    expect((await value('distinct', { collection: 'users', key: 'visits', ejson: 'canonical' })).json).toBe(
      '[{"$numberLong":"5"}]',
    );
  });

  test('gathers batch by batch where a batchSize is given', async () => {
    const found = (await json('find', { collection: 'numbers', batchSize: 40 })) as unknown[];
    expect(found).toHaveLength(250);
    expect(server.stats().commands['getMore']).toBeGreaterThan(1);
    expect(await json('aggregate', { collection: 'numbers', pipeline: [{ $match: {} }], batchSize: 100 })).toHaveLength(
      250,
    );
  });

  test('is one command where none is', async () => {
    await json('find', { collection: 'numbers' });
    // Of a batch that is filled the store would keep the cursor.
    for (const limit of [1, 5, 250]) expect(await json('find', { collection: 'numbers', limit })).toHaveLength(limit);
    expect(server.stats().commands).toMatchObject({ find: 4 });
    expect(server.stats().commands['killCursors']).toBeUndefined();
    expect(server.stats().commands['getMore']).toBeUndefined();
  });

  test('gathers what the store cannot send in one batch', async () => {
    await connection[Symbol.asyncDispose]();
    connection = await open({ collections: ['large'], maxBytes: 2 ** 26 });
    const text = 'x'.repeat(2 ** 22);
    server.load(
      'shop',
      'large',
      [1, 2, 3, 4, 5].map((_id) => ({ _id, text })),
    );
    const found = (await value('find', { collection: 'large' })).value as { text: string }[];
    expect(found.map((it) => it.text.length)).toEqual(Array(5).fill(text.length));
    await vi.waitUntil(() => server.stats().cursors === 0);
  });

  test('finds again what was read, by every type that it has', async () => {
    const read = (await value('findOne', { collection: 'users', filter: { name: 'Ada' } })).value as Record<
      string,
      unknown
    >;
    for (const field of ['_id', 'email', 'visits', 'balance', 'token', 'big', 'since', 'tags']) {
      const again = { collection: 'users', filter: { [field]: filled(read[field]) }, projection: { name: 1, _id: 0 } };
      expect(await json('find', again), field).toEqual([{ name: 'Ada' }]);
    }
  });
});

const read = async ({ items }: Items) => {
  const found: string[] = [];
  for await (const batch of items) found.push(...batch);
  return found;
};

describe('a stream', () => {
  test('reads documents one by one, beyond the caps', async () => {
    await connection[Symbol.asyncDispose]();
    connection = await open({ maxDocuments: 3, maxBytes: 500 });
    const params = { collection: 'numbers', batchSize: 100, projection: { n: 1, _id: 0 }, sort: { n: 1 } };
    const found = await read((await ask('find', params, 'items')) as Items);
    expect(found).toEqual(numbers.map(({ n }) => `{"n":${n}}`));
    const pipeline = [{ $match: { n: { $lt: 5 } } }];
    expect(await read((await ask('aggregate', { collection: 'numbers', pipeline }, 'items')) as Items)).toHaveLength(5);
  });

  test('asks for the next batch only when it is needed, and closes its cursor when left', async () => {
    const { items } = (await ask('find', { collection: 'numbers', batchSize: 10 }, 'items')) as Items;
    for await (const [first] of items) {
      expect(first).toContain('"n":0');
      break;
    }
    expect(server.stats()).toMatchObject({ cursors: 0, commands: { killCursors: 1 } });
    expect(server.stats().commands['getMore']).toBeUndefined();
  });

  test('closes its cursor when it is left before the first item', async () => {
    const { items } = (await ask('find', { collection: 'numbers', batchSize: 10 }, 'items')) as Items;
    expect(server.stats().cursors).toBe(1);
    await items[Symbol.asyncIterator]().return?.();
    expect(server.stats().cursors).toBe(0);
  });

  test('fails, and closes its cursor, when it is aborted in the middle', async () => {
    const leaving = new AbortController();
    const { items } = (await ask(
      'find',
      { collection: 'numbers', batchSize: 10 },
      'items',
      context(leaving.signal),
    )) as Items;
    faults.add({ store: 'mongo', match: 'getMore', fault: { kind: 'stall' } });
    const rest = read({ kind: 'items', items });
    await vi.waitUntil(() => server.stats().commands['getMore'] === 1);
    leaving.abort();
    expect(await failure(rest)).toMatchObject({ code: 'CANCELLED' });
    await vi.waitUntil(() => server.stats().cursors === 0);
  });

  test('fails before its first item where the query fails', async () => {
    faults.add({ store: 'mongo', match: 'find:numbers', times: 1, fault: { kind: 'fail', code: 13 } });
    expect(await failure(ask('find', { collection: 'numbers' }, 'items'))).toMatchObject({
      code: 'FORBIDDEN',
      source: 'shop',
    });
  });
});

describe('a cap', () => {
  test.each([
    ['find', {}],
    ['find', { batchSize: 10 }],
    ['aggregate', { pipeline: [{ $match: {} }] }],
    ['aggregate', { pipeline: [{ $match: {} }], batchSize: 10 }],
    ['distinct', { key: 'n' }],
  ])('on documents fails %s %j, which is never cut', async (op, params) => {
    await connection[Symbol.asyncDispose]();
    connection = await open({ maxDocuments: 249 });
    expect(await failure(ask(op, { collection: 'numbers', ...params }))).toMatchObject({
      code: 'TOO_LARGE',
      retryable: false,
    });
    await vi.waitUntil(() => server.stats().cursors === 0);
    await connection[Symbol.asyncDispose]();
    connection = await open({ maxDocuments: 250 });
    expect(await json(op, { collection: 'numbers', ...params })).toHaveLength(250);
  });

  test.each([
    ['find', {}],
    ['find', { batchSize: 10 }],
    ['findOne', { filter: { n: 1 } }],
    ['aggregate', { pipeline: [{ $match: {} }] }],
    ['distinct', { key: 'text', filter: { n: 1 } }],
  ])('on bytes fails %s %j', async (op, params) => {
    await connection[Symbol.asyncDispose]();
    connection = await open({ maxBytes: 90 });
    expect(await failure(ask(op, { collection: 'numbers', ...params }))).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('on documents allows a limit that fits', async () => {
    await connection[Symbol.asyncDispose]();
    connection = await open({ maxDocuments: 5 });
    expect(await json('find', { collection: 'numbers', limit: 5 })).toHaveLength(5);
    expect(await failure(ask('find', { collection: 'numbers', limit: 6 }))).toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('a failure', () => {
  test.each([
    [50, 'TIMEOUT', true],
    [13, 'FORBIDDEN', false],
    [18, 'FORBIDDEN', false],
    [2, 'INVALID', false],
    [91, 'UNAVAILABLE', true],
    [10107, 'UNAVAILABLE', true],
    [11600, 'UNAVAILABLE', true],
    [6, 'UNAVAILABLE', true],
    [292, 'TOO_LARGE', false],
    // Of the store's own side.
    [1, 'UNAVAILABLE', true],
    [112, 'UNAVAILABLE', true],
    [175, 'UNAVAILABLE', true],
    [11601, 'UNAVAILABLE', true],
    [202, 'TIMEOUT', true],
    [146, 'TOO_LARGE', false],
    [462, 'OVERLOADED', true],
    [16500, 'OVERLOADED', true],
  ])('with code %d is %s', async (code, expected, retryable) => {
    faults.add({ store: 'mongo', match: 'find:users', times: 1, fault: { kind: 'fail', code } });
    const error = await failure(ask('findOne', { collection: 'users' }));
    expect(error).toMatchObject({ code: expected, retryable, source: 'shop' });
    expect(error.message).not.toMatch(/fault was injected|127\.0\.0\.1|\d{4}/);
  });

  test('of the connection is UNAVAILABLE', async () => {
    await connection.ping(AbortSignal.timeout(2000));
    faults.add({ store: 'mongo', match: 'find:users', times: 1, fault: { kind: 'cut' } });
    expect(await failure(ask('findOne', { collection: 'users' }))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
    expect(await json('countDocuments', { collection: 'users' })).toBe(2);
  });

  test('to end by the deadline is TIMEOUT, told by the store', async () => {
    faults.add({ store: 'mongo', match: 'find:users', fault: { kind: 'delay', ms: 5000 } });
    const error = await failure(ask('findOne', { collection: 'users' }, 'value', context(undefined, 30)));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('a caller who leaves', () => {
  const ways = [
    ['findOne', 'find:users', {}],
    ['find', 'find:users', {}],
    ['aggregate', 'aggregate:users', { pipeline: [] }],
    ['countDocuments', 'aggregate:users', {}],
    ['distinct', 'distinct:users', { key: 'name' }],
  ] as const;

  const lists = ways.filter(([op]) => op === 'find' || op === 'aggregate');
  test.each([...ways.map((way) => [...way, 'value'] as const), ...lists.map((way) => [...way, 'items'] as const)])(
    'in the turn in which they asked asks nothing of the store (%s, %s, %j, %s)',
    async (op, match, params, want) => {
      await connection.ping(AbortSignal.timeout(2000));
      const asked = [vi.spyOn(Db.prototype, 'command'), vi.spyOn(Db.prototype, 'runCursorCommand')];
      const leaving = new AbortController();
      const answer = failure(ask(op, { collection: 'users', ...params }, want, context(leaving.signal)));
      leaving.abort();
      expect(await answer).toMatchObject({ code: 'CANCELLED' });
      for (const each of asked) {
        expect(each).not.toHaveBeenCalled();
        each.mockRestore();
      }
      await connection.ping(AbortSignal.timeout(2000));
      expect(server.stats().commands).not.toHaveProperty(match.split(':')[0] ?? '');
    },
  );

  test.each(ways)('is answered at once, and %s ends in the store (%s %j)', async (op, match, params) => {
    faults.add({ store: 'mongo', match, fault: { kind: 'stall' } });
    const leaving = new AbortController();
    const answer = failure(ask(op, { collection: 'users', ...params }, 'value', context(leaving.signal)));
    await vi.waitUntil(() => server.stats().commands[match.split(':')[0] ?? ''] === 1);
    const before = performance.now();
    leaving.abort();
    expect(await answer).toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - before).toBeLessThan(50);
    await vi.waitUntil(() => server.stats().cancelled >= 1);
  });

  describe('before the first answer of what opens a cursor', () => {
    const lists: [string, 'items' | 'value'][] = [
      ['find', 'items'],
      ['aggregate', 'items'],
      ['find', 'value'],
      ['aggregate', 'value'],
    ];
    /** Asks; what it gives leaves, and is told so at once. */
    const asked = async (op: string, want: 'items' | 'value') => {
      const leaving = new AbortController();
      const params = { collection: 'numbers', batchSize: 10, ...(op === 'aggregate' && { pipeline: [] }) };
      const answer = failure(ask(op, params, want, context(leaving.signal)));
      await vi.waitUntil(() => server.stats().commands[op] === 1);
      return async () => {
        const before = performance.now();
        leaving.abort();
        expect(await answer).toMatchObject({ code: 'CANCELLED' });
        expect(performance.now() - before).toBeLessThan(50);
      };
    };

    test.each(lists)('is answered at once, and the cursor closed as soon as it is known (%s, %s)', async (op, want) => {
      faults.add({ store: 'mongo', match: `${op}:numbers`, fault: { kind: 'delay', ms: 150 } });
      const leave = await asked(op, want);
      await leave();
      await vi.waitUntil(() => server.stats().commands['killCursors'] === 1);
      await vi.waitUntil(() => server.stats().cursors === 0);
      expect(server.stats().cancelled).toBe(0);
    });

    test.each(lists)('is answered at once, and what takes too long ends in the store (%s, %s)', async (op, want) => {
      faults.add({ store: 'mongo', match: `${op}:numbers`, fault: { kind: 'stall' } });
      const leave = await asked(op, want);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        await leave();
        await vi.advanceTimersByTimeAsync(LINGER_MS);
      } finally {
        vi.useRealTimers();
      }
      await vi.waitUntil(() => server.stats().cancelled === 1);
    });
  });

  test('gets the reason that the abort gave', async () => {
    faults.add({ store: 'mongo', match: 'find:users', fault: { kind: 'stall' } });
    const reason = new CodapError('TIMEOUT', 'the deadline passed');
    const leaving = new AbortController();
    const answer = failure(ask('find', { collection: 'users' }, 'value', context(leaving.signal)));
    leaving.abort(reason);
    expect(await answer).toBe(reason);
  });
});

describe('a store that is down', () => {
  test('fails queries and pings as UNAVAILABLE, without a word of where it is; they work once it is back', async () => {
    const { port } = server;
    await server.close();
    await connection[Symbol.asyncDispose]();
    connection = await open({ url: `mongodb://127.0.0.1:${port}`, timeoutMs: 400 });
    const failures = await Promise.all([
      failure(ask('findOne', { collection: 'users' })),
      failure(ask('find', { collection: 'users' }, 'items')),
      failure(connection.ping(AbortSignal.timeout(2000))),
    ]);
    for (const error of failures) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      expect(JSON.stringify(error)).not.toContain(String(port));
    }
    server = await startMongo({ port, faults });
    server.load('shop', 'users', [ada]);
    expect(await json('countDocuments', { collection: 'users' })).toBe(1);
  });

  test('is found again by a client that was connected', async () => {
    const { port } = server;
    await connection.ping(AbortSignal.timeout(2000));
    await server.close();
    expect(await failure(ask('findOne', { collection: 'users' }))).toMatchObject({ code: 'UNAVAILABLE' });
    server = await startMongo({ port, faults });
    server.load('shop', 'users', [ada]);
    expect(await json('countDocuments', { collection: 'users' })).toBe(1);
  });

  test('does not keep a caller who leaves while connecting', async () => {
    await connection[Symbol.asyncDispose]();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    connection = await open({ url: `mongodb://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 4000 });
    expect(
      await failure(ask('findOne', { collection: 'users' }, 'value', context(AbortSignal.timeout(20)))),
    ).toMatchObject({ code: 'CANCELLED' });
    silent.close();
  });

  test('refuses a wrong password as FORBIDDEN', async () => {
    await connection[Symbol.asyncDispose]();
    await server.close();
    server = await startMongo({ username: 'codap', password: 'right' });
    connection = await open({ url: `mongodb://codap:wrong@127.0.0.1:${server.port}` });
    const error = await failure(ask('findOne', { collection: 'users' }));
    expect(error).toMatchObject({ code: 'FORBIDDEN' });
    expect(error.message).not.toContain('wrong');
  });
});
