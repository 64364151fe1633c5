import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { deflateSync } from 'node:zlib';
import { deserialize, Long, serialize } from 'bson';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { mongo } from '../../adapters/mongo.ts';
import { cursorReply } from '../../demo/mongo/raw.ts';
import { toCodapError } from '../../src/errors.ts';
import type { Payload } from '../../src/store/payload.ts';
import type { Script, Way } from '../scripted-mongo.ts';
import { runner } from '../adapters/source.ts';
import { source as mongoSource } from '../adapters/mongo/checked.ts';
import { openScripted, type ScriptedSource } from '../adapters/mongo/scripted-source.ts';

const run = runner(mongo);
/** Where the kind of a section and its document begin, behind header and flags. */
const [FLAGS, KIND, DOCUMENT] = [16, 20, 21];
const WAIT_MS = 250;

/** The same message with some bytes replaced. */
const put = (at: number, ...bytes: number[]): Way => {
  return (message) => Buffer.concat([message.subarray(0, at), Buffer.from(bytes), message.subarray(at + bytes.length)]);
};
const int32 = (value: number): number[] => [...Buffer.from(Int32Array.of(value).buffer)];
/** The same message with another end, its own length right. */
const ended = (end: (message: Buffer) => Uint8Array): Way => {
  return (message) => {
    const whole = Buffer.from(end(message));
    whole.writeInt32LE(whole.length, 0);
    return whole;
  };
};
const more = (...bytes: number[]): Way => ended((message) => Buffer.concat([message, Buffer.from(bytes)]));
const section = (document: Buffer): number[] => [0, ...document];

/** What a document may not be long, beside its message. */
const LENGTHS = [-1, 0, 4, -5, 2 ** 31 - 1];

/** A message of any kind that is none. */
const NO_MESSAGE: Readonly<Record<string, Way>> = {
  'one byte too many': more(0),
  'two bytes too many': more(0, 0),
  'three bytes too many': more(0, 1, 2),
  'a message of its header alone': ended((message) => message.subarray(0, 16)),
  'one of less than its flags': ended((message) => message.subarray(0, 18)),
  'one of its flags alone': ended((message) => message.subarray(0, 20)),
  'one without the length of its document': ended((message) => message.subarray(0, 23)),
  'a message of no length': put(0, ...int32(0)),
  'one that is shorter than its header': put(0, ...int32(15)),
  'billions of documents': ended((message) =>
    Buffer.concat([message.subarray(0, 12), Buffer.from([...int32(1), ...Buffer.alloc(16), ...int32(2 ** 31 - 1)])]),
  ),
  'a message of an unknown kind': put(12, ...int32(5)),
  'one that is compressed, as nobody agreed': ended((message) =>
    Buffer.concat([
      message.subarray(0, 12),
      Buffer.from([...int32(2012), ...int32(2013), ...int32(message.length - 16), 2]),
      deflateSync(message.subarray(16)),
    ]),
  ),
};

/** One that is no whole reply. */
const NO_REPLY: Readonly<Record<string, Way>> = {
  ...NO_MESSAGE,
  ...Object.fromEntries(LENGTHS.map((length) => [`a section of ${length} bytes`, put(DOCUMENT, ...int32(length))])),
  'a section of another kind': put(KIND, 1),
  'one of an unknown kind': put(KIND, 2),
  'one of another kind besides': more(1, 5, 0, 0, 0, 0),
  'two documents': ended((message) => Buffer.concat([message, Buffer.from(section(message.subarray(DOCUMENT)))])),
  'a checksum': (message, isAsked) => more(1, 2, 3, 4)(Buffer.from(put(FLAGS, 1)(message, isAsked)), isAsked),
};

/** The answer to the first question of a driver: how many documents, and the first of them. */
const [COUNT, GREETING] = [32, 36];
const NO_GREETING: Readonly<Record<string, Way>> = {
  ...NO_MESSAGE,
  ...Object.fromEntries(LENGTHS.map((length) => [`a document of ${length} bytes`, put(GREETING, ...int32(length))])),
  ...Object.fromEntries([-1, 0, 2, 2 ** 31 - 1].map((count) => [`${count} documents`, put(COUNT, ...int32(count))])),
  ...Object.fromEntries(
    [{ hosts: 5 }, { hosts: [5] }, { passives: 'a' }, { arbiters: {} }, { me: 5 }, { compression: 5 }].map((fields) => [
      JSON.stringify(fields),
      ended((message) => {
        const start = message.readInt32LE(12) === 1 ? GREETING : DOCUMENT;
        const said = { ...deserialize(message.subarray(start)), ...fields };
        return Buffer.concat([message.subarray(0, start), serialize(said)]);
      }),
    ]),
  ),
};

const ASKED: Readonly<Record<string, readonly [op: string, params: object, want: Payload['kind']]>> = {
  find: ['find', {}, 'value'],
  findOne: ['findOne', {}, 'value'],
  countDocuments: ['countDocuments', {}, 'value'],
  distinct: ['distinct', { key: 'a' }, 'value'],
  'find, streamed': ['find', {}, 'items'],
  'aggregate, streamed': ['aggregate', { pipeline: [] }, 'items'],
};

const one = serialize({ _id: 1, n: 1, a: [1, { b: 'x' }] });
const found: Script = (name) =>
  name === 'distinct' ? { distinct: [{ type: 0x10, bytes: Buffer.from(int32(1)) }] } : [one];

let source: ScriptedSource | undefined;
afterEach(async () => {
  await source?.[Symbol.asyncDispose]();
  source = undefined;
});

/** What comes of a query: `ok`, or a code. */
async function outcomeOf(
  asked: keyof typeof ASKED,
  ms = 2000,
  { connection, options }: Pick<ScriptedSource, 'connection' | 'options'> = source!,
): Promise<string> {
  const [op, params, want] = ASKED[asked]!;
  const signal = AbortSignal.timeout(ms);
  try {
    const deadline = performance.now() + ms;
    const payload = await run(connection, options, op, { collection: 'c', ...params }, { want, signal, deadline });
    if (payload.kind === 'items') for await (const batch of payload.items) expect([...batch]).not.toEqual([]);
    return 'ok';
  } catch (error) {
    return toCodapError(error).code;
  }
}

/** A store whose next answer to what is asked goes this way. */
async function openOnce(way: Way, own: object = {}): Promise<{ breaks: () => void }> {
  let isBroken = false;
  source = await openScripted(found, own, {}, (message, isAsked) => {
    if (!isBroken || !isAsked) return message;
    isBroken = false;
    return way(message, isAsked);
  });
  return { breaks: () => (isBroken = true) };
}

describe('a reply', () => {
  it.each(Object.entries(NO_REPLY))(
    'that cannot be read is told as such, and the next one works: %s',
    async (_what, way) => {
      const store = await openOnce(way);
      for (const asked of Object.keys(ASKED)) {
        store.breaks();
        expect([asked, await outcomeOf(asked)]).toEqual([asked, 'BAD_RESPONSE']);
        expect([asked, await outcomeOf(asked)]).toEqual([asked, 'ok']);
      }
    },
  );

  it('of which a field has not its type is told as such, and the next one works', async () => {
    const failure = serialize({ ok: 0, errmsg: 'x', errorLabels: 5 });
    const store = await openOnce(ended((message) => Buffer.concat([message.subarray(0, DOCUMENT), failure])));
    store.breaks();
    expect(await outcomeOf('find')).toBe('BAD_RESPONSE');
    expect(await outcomeOf('find')).toBe('ok');
  });

  it.each([1, 3, 4, 20])('is not begun by %i bytes that came before it was asked for', async (bytes) => {
    const store = await openOnce((message) => Buffer.concat([message, Buffer.alloc(bytes, 1)]));
    store.breaks();
    expect(await outcomeOf('find')).toBe('ok');
    // Its connection is given to the next one.
    expect(await outcomeOf('countDocuments')).toBe('UNAVAILABLE');
    expect(await outcomeOf('distinct')).toBe('ok');
  });

  it('with bytes that are not what they were is never a failure of codap’s own, nor a wait without end', async () => {
    let change: Way = (message) => message;
    source = await openScripted(found, {}, {}, (message, isAsked) => (isAsked ? change(message, isAsked) : message));
    const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x10, 0x12, 0x80, 0xff), fc.nat(255));
    const changed = fc.record({ at: fc.nat(300), cut: fc.nat(8), bytes: fc.array(byte, { maxLength: 8 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(ASKED)),
        fc.array(changed, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (asked, changes, hasItsLength) => {
          const all: Way = (message) =>
            changes.reduce<Buffer>((whole, { at, cut, bytes }) => {
              const from = at % (whole.length + 1);
              return Buffer.concat([whole.subarray(0, from), Buffer.from(bytes), whole.subarray(from + cut)]);
            }, message);
          change = hasItsLength ? ended((message) => all(message, true)) : all;
          const began = performance.now();
          expect(await outcomeOf(asked, WAIT_MS)).not.toBe('INTERNAL');
          expect(performance.now() - began).toBeLessThan(WAIT_MS + 1000);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a reply that is compressed, as agreed', () => {
  const SAYS = { helloOk: true, isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 25, compression: ['zlib'] };
  const framed = (kind: number, to: Buffer, ...body: (Buffer | number[])[]): Buffer => {
    const rest = Buffer.concat(body.map((part) => Buffer.from(part)));
    return Buffer.from([...int32(16 + rest.length), ...int32(1), ...to.subarray(4, 8), ...int32(kind), ...rest]);
  };

  /** A store of which every answer, but to the first question, is these bytes, compressed. */
  async function openCompressed(body: Buffer) {
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .on('data', (asked: Buffer) => {
          const says = Buffer.from(serialize({ ...SAYS, ok: 1 }));
          const kind = asked.readInt32LE(12);
          const compressed = [[...int32(2013), ...int32(body.length), 2], deflateSync(body)];
          if (kind === 2012) socket.write(framed(2012, asked, ...compressed));
          else if (kind === 2013) socket.write(framed(2013, asked, int32(0), section(says)));
          else socket.write(framed(1, asked, Buffer.alloc(16), int32(1), says));
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = mongoSource({ url: `mongodb://127.0.0.1:${port}/?compressors=zlib`, collections: ['c'] });
    const connection = await mongo.open(options);
    const end = async (): Promise<void> => {
      await connection[Symbol.asyncDispose]();
      server.close();
    };
    return { connection, options, [Symbol.asyncDispose]: end };
  }

  const reply = Buffer.from([...int32(0), ...section(Buffer.from(cursorReply('firstBatch', [one], Long.ZERO, 'd.c')))]);
  it.each([
    ['a whole one', reply, 'ok'],
    ['a section of a length below zero', put(5, ...int32(-1))(reply, true), 'BAD_RESPONSE'],
    ['one byte too many', Buffer.concat([reply, Buffer.of(0)]), 'BAD_RESPONSE'],
    ['less than its flags', Buffer.of(0, 0), 'BAD_RESPONSE'],
  ])('is read as any other: %s', async (_what, body, outcome) => {
    await using compressed = await openCompressed(Buffer.from(body));
    expect(await outcomeOf('find', 2000, compressed)).toBe(outcome);
  });
});

describe('what a server says of itself', () => {
  it.each(Object.entries(NO_GREETING))(
    'that cannot be read is the store’s failure, and nobody else’s: %s',
    async (_what, way) => {
      let isBroken = true;
      const own = { timeoutMs: 500 };
      source = await openScripted(found, own, {}, (message, isAsked) =>
        isAsked || !isBroken ? message : way(message, isAsked),
      );
      expect(await outcomeOf('find')).toMatch(/^(?:UNAVAILABLE|BAD_RESPONSE)$/);
      isBroken = false;
      await expect.poll(() => outcomeOf('find'), { timeout: 5000 }).toBe('ok');
    },
  );
});
