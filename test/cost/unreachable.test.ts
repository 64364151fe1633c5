import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Long, MongoClient, MongoNetworkError, MongoNetworkTimeoutError, ObjectId } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mongoError } from '../../adapters/mongo/failure.ts';
import { failWhereUnreachable } from '../../adapters/mongo/unreachable.ts';
import { startMongo } from '../../demo/mongo/server.ts';
import { ping } from '../../src/service/ping.ts';
import { Who } from '../../src/sources/call.ts';
import type { Source } from '../../src/sources/open.ts';
import type { Payload } from '../../src/store/payload.ts';
import { openSources, parseConfig } from '../configured.ts';
import { startScriptedMongo, type ScriptedMongo } from '../scripted-mongo.ts';
import { bounds } from '../adapters/source.ts';

/** The whole of the source's time: nobody has as much in these tests, but for those that wait for it. */
const SOURCE_MS = 8000;
const collection = 'users';

interface Place extends AsyncDisposable {
  readonly port: number;
}

async function placeOf(server: Server, port = 0): Promise<Place> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  async 'refuses connections'() {
    const place = await placeOf(createServer());
    await place[Symbol.asyncDispose]();
    return place;
  },
  'ends each connection': () => placeOf(createServer((socket) => socket.destroy())),
};
const silent = () => placeOf(createServer());

const ASKED: Readonly<Record<string, readonly [op: string, params: Record<string, unknown>, want: Payload['kind']]>> = {
  findOne: ['findOne', { collection }, 'value'],
  'a find in batches': ['find', { collection, batchSize: 5 }, 'value'],
  'a find, streamed': ['find', { collection }, 'items'],
  distinct: ['distinct', { collection, key: '_id' }, 'value'],
};

async function opened(port: number, own: object = {}): Promise<Source & AsyncDisposable> {
  const url = `mongodb://127.0.0.1:${port}`;
  const options = { timeoutMs: SOURCE_MS, breaker: false, ...own };
  const shop = { adapter: 'mongo', url, database: 'shop', collections: [collection], ...options };
  const { sources, [Symbol.asyncDispose]: close } = await openSources(parseConfig({ sources: { shop } }));
  return { ...(sources.get('shop') as Source), [Symbol.asyncDispose]: close };
}

/** What a query with so much time ends with, and after how long. */
async function ask(shop: Source, asked: string, timeoutMs?: number): Promise<{ readonly code: string; ms: number }> {
  const [op, given, want] = ASKED[asked]!;
  const params = shop.prepare(op, given, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
  const started = performance.now();
  const code = await shop
    .call({ op, params, want }, new Who({ headers: {} }), { ...bounds(), timeoutMs })
    .then(() => 'ok')
    .catch((error: unknown) => (error as { readonly code: string }).code);
  return { code, ms: performance.now() - started };
}

describe.concurrent.each(Object.keys(PLACES))('a store that %s', (name) => {
  it.each(Object.keys(ASKED).flatMap((asked) => [1000, undefined].map((timeoutMs) => [asked, timeoutMs] as const)))(
    'is UNAVAILABLE to %s with %s ms, soon, again and again',
    async (asked, timeoutMs) => {
      await using place = await PLACES[name]!();
      await using shop = await opened(place.port);
      for (let time = 0; time < 3; time += 1) {
        const { code, ms } = await ask(shop, asked, timeoutMs);
        expect(code).toBe('UNAVAILABLE');
        expect(ms).toBeLessThan(SOURCE_MS / 4);
      }
    },
  );

  it('is UNAVAILABLE to a ping', async () => {
    await using place = await PLACES[name]!();
    await using shop = await opened(place.port);
    expect(await ping(shop)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await ping(shop)).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

/** One that is waited for by who watches it, as those of today are. */
function watchable(port?: number): Promise<ScriptedMongo> {
  const topologyVersion = { processId: new ObjectId(), counter: Long.ZERO };
  return startScriptedMongo(
    (name) => (name === 'distinct' ? { distinct: [] } : []),
    { topologyVersion },
    undefined,
    port,
  );
}

describe.concurrent('a store that was killed while it was connected', () => {
  it.each(Object.keys(ASKED))('has its time to start anew, and is UNAVAILABLE to %s soon after that', async (asked) => {
    const store = await watchable();
    await using shop = await opened(Number(new URL(store.url).port));
    expect(await ask(shop, asked)).toMatchObject({ code: 'ok' });
    await store.watched;
    await store.close();
    const { code, ms } = await ask(shop, asked);
    expect(code).toBe('UNAVAILABLE');
    expect(ms).toBeGreaterThan(1000);
    expect(ms).toBeLessThan(SOURCE_MS / 2);
    for (let time = 0; time < 3; time += 1) {
      const { code, ms } = await ask(shop, asked, 1000);
      expect(code).toBe('UNAVAILABLE');
      expect(ms).toBeLessThan(750);
    }
    expect(await ping(shop)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each(Object.keys(ASKED))('answers %s asked meanwhile, if it is there again in that time', async (asked) => {
    const store = await watchable();
    const port = Number(new URL(store.url).port);
    await using shop = await opened(port);
    expect(await ask(shop, asked)).toMatchObject({ code: 'ok' });
    await store.watched;
    await store.close();
    const tried = Promise.withResolvers<void>();
    let tries = 0;
    const place = await placeOf(
      createServer((socket) => {
        socket.destroy();
        if (++tries === 6) tried.resolve();
      }),
      port,
    );
    const answer = ask(shop, asked);
    await tried.promise;
    await place[Symbol.asyncDispose]();
    const again = await watchable(port);
    expect(await answer).toMatchObject({ code: 'ok' });
    await again.close();
  });
});

it('a store that is down opens the circuit also where queries ask for little time', async () => {
  await using place = await PLACES['refuses connections']!();
  await using shop = await opened(place.port, { breaker: {}, coalesce: false });
  const codes = await Promise.all(Array.from({ length: 25 }, () => ask(shop, 'findOne', 1000)));
  expect(new Set(codes.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']));
  expect(await ask(shop, 'findOne', 1000)).toMatchObject({ code: 'CIRCUIT_OPEN' });
});

describe.concurrent('a store that takes a connection and says nothing', () => {
  it.each([
    [200, SOURCE_MS],
    [undefined, 400],
  ])('is TIMEOUT, as it may be slow: %s ms of %s', async (timeoutMs, sourceMs) => {
    await using place = await silent();
    await using shop = await opened(place.port, { timeoutMs: sourceMs });
    expect(await ask(shop, 'findOne', timeoutMs)).toMatchObject({ code: 'TIMEOUT' });
    // The client goes on to connect, which may come to an end while this one waits.
    expect(await ask(shop, 'distinct', timeoutMs)).toMatchObject({ code: 'TIMEOUT' });
    expect(await ping(shop, 100)).toMatchObject({ code: 'TIMEOUT' });
  });
});

it('a store far away is connected to, though that takes longer than the first query has', async () => {
  const HALF_WAY_MS = 150;
  const store = await startMongo();
  store.load('shop', collection, [{ _id: 1 }]);
  const later = (chunk: Buffer, to: Socket) => setTimeout(() => to.write(chunk), HALF_WAY_MS);
  await using place = await placeOf(
    createServer((near) => {
      const far = connect(store.port, '127.0.0.1');
      near.on('data', (chunk) => later(chunk, far));
      far.on('data', (chunk) => later(chunk, near));
      near.on('close', () => far.destroy()).on('error', () => {});
      far.on('error', () => {});
    }),
  );
  // Two greetings and an answer take three times the way there and back.
  await using shop = await opened(place.port, { timeoutMs: 800 });
  expect(await ask(shop, 'findOne')).toMatchObject({ code: 'TIMEOUT' });
  expect(await ask(shop, 'findOne')).toMatchObject({ code: 'ok' });
  await store.close();
});

describe.concurrent('with no connection by half of its time', () => {
  it('a store is UNAVAILABLE where TLS was not agreed on', async () => {
    await using place = await silent();
    await using shop = await opened(place.port, {
      timeoutMs: 800,
      retry: false,
      url: `mongodb://127.0.0.1:${place.port}/?tls=true`,
    });
    const { code, ms } = await ask(shop, 'findOne', 700);
    expect(code).toBe('UNAVAILABLE');
    expect(ms).toBeLessThan(700);
  });

  it('a host that answers nothing at all cannot be reached', async () => {
    // As of one that drops what comes: a name that is never found out keeps TCP from being connected, too.
    const options = { lookup: () => {}, connectTimeoutMS: 100, serverSelectionTimeoutMS: SOURCE_MS };
    const client = new MongoClient('mongodb://store.invalid', options);
    failWhereUnreachable(client, 0);
    const began = performance.now();
    const error: unknown = await client.connect().catch((it: unknown) => it);
    expect(mongoError(error, 'shop', new AbortController().signal)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(SOURCE_MS / 4);
    await client.close();
  });
});

it('a store of another replica set is UNAVAILABLE at once, again and again', async () => {
  const greeting: Record<string, unknown> = { setName: 'rs' };
  const store = await startScriptedMongo(() => [], greeting);
  const { host, port } = new URL(store.url);
  greeting['hosts'] = [host];
  await using shop = await opened(Number(port), { url: `${store.url}/?replicaSet=other` });
  for (let time = 0; time < 3; time += 1) {
    const { code, ms } = await ask(shop, 'findOne', 1000);
    expect(code).toBe('UNAVAILABLE');
    expect(ms).toBeLessThan(750);
  }
  await store.close();
});

it('a replica set that elects no primary is UNAVAILABLE before the whole of the time is over', async () => {
  const greeting: Record<string, unknown> = { setName: 'rs', isWritablePrimary: false, secondary: true };
  const store = await startScriptedMongo(() => [], greeting);
  const { host, port } = new URL(store.url);
  greeting['hosts'] = [host];
  await using shop = await opened(Number(port), { timeoutMs: 1000, retry: false });
  expect(await ask(shop, 'findOne')).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await ask(shop, 'findOne', 500)).toMatchObject({ code: 'TIMEOUT' });
  await store.close();
});

it('a store that refuses a login does so at once', async () => {
  const store = await startMongo({ username: 'a', password: 'b' });
  await using shop = await opened(store.port, { url: `mongodb://a:x@127.0.0.1:${store.port}` });
  const took: number[] = [];
  for (let time = 0; time < 6; time += 1) {
    const { code, ms } = await ask(shop, 'findOne');
    expect(code).toBe('FORBIDDEN');
    if (time > 0) took.push(ms);
  }
  expect(Math.min(...took)).toBeLessThan(45);
  await store.close();
});

it('a replica set without its primary is waited for while one member can be reached', async () => {
  await using gone = await PLACES['refuses connections']!();
  const greeting: Record<string, unknown> = { setName: 'rs', isWritablePrimary: false, secondary: true };
  let greetings = 0;
  const store = await startScriptedMongo(
    () => [],
    greeting,
    (message, isAsked) => {
      if (!isAsked) greetings += 1;
      // By then the other one was asked several times, too.
      if (greetings === 8) Object.assign(greeting, { isWritablePrimary: true, secondary: false });
      return message;
    },
  );
  const { host, port } = new URL(store.url);
  greeting['hosts'] = [host, `127.0.0.1:${gone.port}`];
  await using shop = await opened(Number(port));
  expect(await ask(shop, 'findOne')).toMatchObject({ code: 'ok' });
  expect(greetings).toBeGreaterThan(8);
  await store.close();
});

describe('who waits for a server', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => vi.useRealTimers());
  const PATIENCE_MS = 1000;
  const FAILURES: Readonly<Record<string, Error>> = {
    '-': new MongoNetworkError('refused'),
    '~': new MongoNetworkTimeoutError('silent'),
  };

  /** Of a server: ? it is asked, + answers, - refuses, ~ is silent, x leaves. Numbers: so many ms pass. */
  it.each([
    ['of one that refuses at first', 'a', 'a? a-', true],
    ['of one that had answered, and may be starting anew', 'a', 'a+ a? a- 50 a? a- 800 a? a-', false],
    ['of one that had answered, and is not there in time', 'a', 'a+ a? a- 50 a? a- 950 a? a-', true],
    ['of one that had answered, was lost long ago, and refuses', 'a', 'a+ a? a- 5000 a? a-', true],
    ['of one that was lost, was there again, and is lost again', 'a', 'a+ a? a- 950 a? a+ a? a- 50 a? a-', false],
    ['of one that is silent', 'a', 'a? a~ a? a~', false],
    ['of one that refuses after a silence', 'a', 'a? a~ a? a-', true],
    ['of two that refuse', 'ab', 'a? b? a- b-', true],
    ['of two that refuse, one later than the other', 'ab', 'a? b? a- 50 a? a- 50 a? b-', true],
    ['of two, one of which was not asked yet', 'ab', 'a? a- b?', false],
    ['of two, one of which answers', 'ab', 'a? a- a? a- b? b+', false],
    ['of two, one of which is silent', 'ab', 'a? a~ b? b-', false],
    ['of two, one of which refused and is silent now', 'ab', 'a? a- a? a~ b? b-', false],
    ['of two, one of which refused long ago and is asked again', 'ab', 'a? b? a- b+ 5000 b? a? b- 1000 b? b-', false],
    ['of two, one of which refused before it left and came back', 'ab', 'a? a- ax b? b-', false],
  ])('%s', async (_, servers, script, isFailed) => {
    const client = new EventEmitter();
    const failures: unknown[] = [];
    let waitQueue: object[] = [];
    const topology = {
      description: { servers: new Map(Array.from(servers, (it) => [it, {}])) },
      waitQueue: { shift: () => waitQueue.shift() ?? null },
    };
    failWhereUnreachable(Object.assign(client, { topology }) as unknown as MongoClient, PATIENCE_MS);
    for (const step of script.split(' ')) {
      const [address = '', what = ''] = step;
      // Who begins to wait before the last of it.
      waitQueue = [{ reject: (error: unknown) => failures.push(error) }];
      failures.length = 0;
      if (/^\d/.test(step)) vi.advanceTimersByTime(Number(step));
      else if (what === 'x') client.emit('serverClosed', { address });
      else if (what === '?') client.emit('serverHeartbeatStarted', { connectionId: address });
      else if (what === '+') client.emit('serverHeartbeatSucceeded', { connectionId: address });
      else client.emit('serverHeartbeatFailed', { connectionId: address, failure: FAILURES[what] });
      await setImmediate();
    }
    expect(failures.length > 0).toBe(isFailed);
  });
});
