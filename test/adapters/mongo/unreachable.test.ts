import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerSelectionError,
  type MongoClient,
  type TopologyDescription,
} from 'mongodb';
import { describe, expect, it } from 'vitest';
import { mongoError } from '../../../adapters/mongo/failure.ts';
import { failWhereUnreachable } from '../../../adapters/mongo/unreachable.ts';
import { startMongo } from '../../../demo/mongo/server.ts';
import { ping } from '../../../src/service/ping.ts';
import { Who } from '../../../src/sources/call.ts';
import type { Source } from '../../../src/sources/open.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { openSources, parseConfig } from '../../configured.ts';
import { startScriptedMongo } from '../../scripted-mongo.ts';
import { bounds } from '../source.ts';

/** The whole of the source's time: nobody has as much in these tests, but for those that wait for it. */
const SOURCE_MS = 8000;
const collection = 'users';

interface Place extends AsyncDisposable {
  readonly port: number;
  /** Ends it, once it was asked. */
  readonly lose?: () => Promise<void>;
}

async function placeOf(server: Server): Promise<Place> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
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
  async 'was killed while it was connected'() {
    const store = await startMongo();
    const close = () => store.close();
    return { port: store.port, lose: close, [Symbol.asyncDispose]: async () => {} };
  },
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
      if (place.lose) expect(await ask(shop, asked)).toMatchObject({ code: 'ok' });
      await place.lose?.();
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
    if (place.lose) expect(await ping(shop)).toMatchObject({ status: 'up' });
    await place.lose?.();
    expect(await ping(shop)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await ping(shop)).toMatchObject({ code: 'UNAVAILABLE' });
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
  const refused = () => new MongoNetworkError('refused');
  const silence = () => new MongoNetworkTimeoutError('silent');

  it.each<[string, (Error | undefined)[][], boolean]>([
    ['of one that refuses at first', [[refused()]], true],
    ['of one that has just answered, and may have lost a connection', [[undefined, refused()]], false],
    ['of one that had answered, and refuses again', [[undefined, refused(), refused()]], true],
    ['of one that is silent', [[silence(), silence()]], false],
    ['of one that refuses after a silence', [[silence(), refused()]], true],
    ['of two that refuse', [[refused()], [refused()]], true],
    ['of two, one of which was not asked yet', [[refused()], []], false],
    ['of two, one of which answers', [[refused(), refused()], [undefined]], false],
    ['of two, one of which is silent', [[silence()], [refused()]], false],
    ['of two, one of which refused and is silent now', [[refused(), silence()], [refused()]], false],
  ])('%s', async (_, told, isFailed) => {
    const client = new EventEmitter();
    const servers = new Map(told.map((_, index) => [String(index), {}]));
    const failures: unknown[] = [];
    const waitQueue = [{ reject: (error: unknown) => failures.push(error) }];
    failWhereUnreachable(
      Object.assign(client, { topology: { description: { servers }, waitQueue } }) as unknown as MongoClient,
    );
    for (const [index, heartbeats] of told.entries())
      for (const failure of heartbeats) {
        const event = { connectionId: String(index), failure };
        client.emit(failure ? 'serverHeartbeatFailed' : 'serverHeartbeatSucceeded', event);
      }
    await setImmediate();
    expect(failures.length > 0).toBe(isFailed);
  });
});

it.each([
  ['answered by none', [{ type: 'Unknown', error: null }], 'TIMEOUT'],
  ['whose connections time out', [{ type: 'Unknown', error: new MongoNetworkTimeoutError('late') }], 'TIMEOUT'],
  ['that has no primary', [{ type: 'RSSecondary', error: null }], 'UNAVAILABLE'],
])('a wait for a server that ends by itself, %s, is %s', (_, servers, code) => {
  const described = { servers: new Map(Object.entries(servers)), error: null } as unknown as TopologyDescription;
  const error = new MongoServerSelectionError('timed out', described);
  expect(mongoError(error, 'shop', new AbortController().signal)).toMatchObject({ code });
});
