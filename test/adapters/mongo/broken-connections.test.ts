import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deserialize } from 'bson';
import { type MongoServer, startMongo } from '../../../demo/mongo/server.ts';
import { ping } from '../../../src/service/ping.ts';
import type { Source } from '../../../src/sources/open.ts';
import { type Asked, ENDS, expectUnavailable, failureOf } from '../ended.ts';
import { parseConfig, openSources } from '../../configured.ts';

/** When it does: while it comes into being, or at an answer. */
const CONNECTING = ['at once', 'before hello', 'after hello'] as const;
const ANSWERING = ['before the answer', 'in the middle of the answer'] as const;
const ASKING = 'in the middle of the command';

interface Plan {
  readonly moment: (typeof CONNECTING | typeof ANSWERING)[number] | typeof ASKING;
  readonly end: (socket: Socket) => unknown;
  /** The command at whose answer it happens, where the moment is about an answer. */
  readonly command: string;
}

let store: MongoServer;

/** The command of a message of the wire protocol: the first key of its document. */
function commandOf(message: Buffer): string {
  const document =
    message.readInt32LE(12) === 2013 ? message.subarray(21) : message.subarray(message.indexOf(0, 20) + 9);
  return Object.keys(deserialize(document.subarray(0, document.readInt32LE(0))))[0] ?? '';
}

/** Takes whole messages out of what comes. */
function framed(take: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const size = rest.readInt32LE(0);
      take(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  };
}

/** The way to the store of one case: a proxy that ends a connection as planned. */
class Way {
  /** What happens next, once. */
  plan: Plan | undefined;
  /** The near ends of the connections. */
  readonly #nears = new Set<Socket>();
  readonly #proxy = createServer({ allowHalfOpen: true }, (near) => this.#serve(near));

  async open(): Promise<string> {
    this.#proxy.listen(0, '127.0.0.1');
    await once(this.#proxy, 'listening');
    return `mongodb://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}/?directConnection=true`;
  }

  endAll(end: (socket: Socket) => unknown): void {
    for (const near of this.#nears) end(near);
  }

  close(): void {
    this.endAll((near) => near.destroy());
    this.#proxy.close();
  }

  #strike(near: Socket, before: Buffer = Buffer.alloc(0)): void {
    const { end } = this.plan as Plan;
    this.plan = undefined;
    if (before.length === 0) end(near);
    else near.write(before, () => end(near));
  }

  #serve(near: Socket): void {
    this.#nears.add(near);
    const far = connect(store.port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
    near.on('close', () => this.#nears.delete(near));
    if (this.plan?.moment === 'at once') return this.#strike(near);
    const asked: string[] = [];
    near.on('data', () => {
      if (this.plan?.moment === ASKING) this.#strike(near.pause());
    });
    near.on(
      'data',
      framed((message) => {
        const command = commandOf(message);
        const { plan } = this;
        const isHello = /^(?:hello|ismaster)$/i.test(command);
        if (plan?.moment === 'before hello' && isHello) return this.#strike(near);
        if (plan?.moment === 'before the answer' && command === plan.command) return this.#strike(near);
        asked.push(command);
        far.write(message);
      }),
    );
    far.on(
      'data',
      framed((message) => {
        const command = asked.shift() ?? '';
        const { plan } = this;
        if (plan?.moment === 'after hello' && /^(?:hello|ismaster)$/i.test(command)) return this.#strike(near, message);
        if (plan?.moment === 'in the middle of the answer' && command === plan.command)
          return this.#strike(near, message.subarray(0, message.length / 2));
        near.write(message);
      }),
    );
  }
}

beforeAll(async () => {
  store = await startMongo();
  store.load(
    'shop',
    'users',
    Array.from({ length: 30 }, (_, index) => ({ _id: index })),
  );
});

afterAll(() => store.close());

/** A source as codap opens it, its layers and all, and its way to the store. */
async function opened(): Promise<Source & AsyncDisposable & { readonly way: Way }> {
  const way = new Way();
  const url = await way.open();
  // A failure is told as it comes.
  const shop = { adapter: 'mongo', url, database: 'shop', collections: ['users'], timeoutMs: 1500, retry: false };
  const { sources, [Symbol.asyncDispose]: close } = await openSources(parseConfig({ sources: { shop } }));
  return {
    ...(sources.get('shop') as Source),
    way,
    async [Symbol.asyncDispose]() {
      await close();
      way.close();
    },
  };
}

const collection = 'users';
/** Each way to ask: op, params, how it is taken, and the command whose answer breaks. */
const ASKED: Readonly<Record<string, readonly [...Asked, string]>> = {
  findOne: ['findOne', { collection }, 'value', 'find'],
  find: ['find', { collection }, 'value', 'find'],
  'find in batches': ['find', { collection, batchSize: 5 }, 'value', 'getMore'],
  'find, streamed': ['find', { collection, batchSize: 5 }, 'items', 'find'],
  'find, streamed, after its first batch': ['find', { collection, batchSize: 5 }, 'items', 'getMore'],
  aggregate: ['aggregate', { collection, pipeline: [] }, 'value', 'aggregate'],
  'aggregate, streamed': ['aggregate', { collection, pipeline: [], batchSize: 5 }, 'items', 'getMore'],
  countDocuments: ['countDocuments', { collection }, 'value', 'aggregate'],
  distinct: ['distinct', { collection, key: '_id' }, 'value', 'distinct'],
};

function ask(shop: Source, asked: string, between?: () => void): Promise<unknown> {
  const [op, params, want] = ASKED[asked]!;
  return failureOf(shop, [op, params, want], between);
}

/** Does something for each small number of turns of the event loop. */
async function afterTurns(work: (turns: number) => Promise<void>): Promise<void> {
  await Promise.all([0, 1, 2, 3, 4, 5].map(work));
}

// Nearly all of a case is waiting, for a time-out of the driver's or of the query's.
describe.concurrent.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('a connection that %s', (how) => {
  const end = ENDS[how];

  it.each(CONNECTING.flatMap((moment) => ['findOne', 'find, streamed'].map((asked) => [moment, asked] as const)))(
    '%s, for %s, is the store’s failure at most, and the next query works',
    async (moment, asked) => {
      await using shop = await opened();
      shop.way.plan = { moment, end, command: '' };
      const error = await ask(shop, asked);
      shop.way.plan = undefined;
      // The driver may connect for a second time before it gives up.
      if (error !== undefined) expectUnavailable(error, 'shop');
      expect(await ask(shop, asked)).toBeUndefined();
    },
  );

  it.each(ANSWERING.flatMap((moment) => Object.keys(ASKED).map((asked) => [moment, asked] as const)))(
    '%s of %s is the store’s failure, and the next query works',
    async (moment, asked) => {
      await using shop = await opened();
      expect(await ask(shop, asked)).toBeUndefined();
      shop.way.plan = { moment, end, command: ASKED[asked]![3] };
      expectUnavailable(await ask(shop, asked), 'shop');
      expect(await ask(shop, asked)).toBeUndefined();
      await expect(shop.ping(new AbortController().signal)).resolves.toBeUndefined();
    },
  );

  it.each(['find, streamed', 'aggregate, streamed'])(
    'between two batches of %s is the store’s failure',
    async (asked) => {
      await using shop = await opened();
      expectUnavailable(await ask(shop, asked, () => shop.way.endAll(end)), 'shop');
      expect(await ask(shop, asked)).toBeUndefined();
    },
  );

  it('in the middle of a command is the store’s failure, and the next query works', async () => {
    await using shop = await opened();
    expect(await ask(shop, 'findOne')).toBeUndefined();
    shop.way.plan = { moment: ASKING, end, command: '' };
    // More than the sockets of both sides hold.
    const filter = { note: 'x'.repeat(15 * 2 ** 20) };
    expectUnavailable(await failureOf(shop, ['findOne', { collection, filter }, 'value']), 'shop');
    expect(await ask(shop, 'findOne')).toBeUndefined();
  });

  it.each(['findOne', 'distinct', 'find, streamed'])(
    'while nobody asks is the store’s failure of %s at most, and the next one works',
    async (asked) => {
      await afterTurns(async (turns) => {
        await using shop = await opened();
        expect(await ask(shop, asked)).toBeUndefined();
        shop.way.endAll(end);
        for (let turn = 0; turn < turns; turn += 1) await setImmediate();
        const error = await ask(shop, asked);
        if (error !== undefined) expectUnavailable(error, 'shop');
        expect(await ask(shop, asked)).toBeUndefined();
      });
    },
  );

  it('while it is pinged is the store’s failure at most', async () => {
    await afterTurns(async (turns) => {
      await using shop = await opened();
      await shop.ping(new AbortController().signal);
      shop.way.endAll(end);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      expect(['UNAVAILABLE', undefined]).toContain((await ping(shop, 1000)).code);
      expect(await ping(shop, 1500)).toMatchObject({ status: 'up' });
    });
  });
});
