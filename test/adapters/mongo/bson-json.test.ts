import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  EJSON,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
  UUID,
} from 'bson';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bsonToJson, elementToJson } from '../../../adapters/mongo/bson-json.ts';
import { elementToValue } from '../../../adapters/mongo/bson-value.ts';
import { atOnce } from '../../../src/budget/work.ts';
import { writeJson } from '../../../src/json/write.ts';
import { slowClock, turnsOf } from '../../budget/slow-clock.ts';

afterEach(() => void vi.restoreAllMocks());

const bsonToValue = (bytes: Buffer) => atOnce(elementToValue(bytes, 0x03, 0)) as object;

const bytesOf = (document: object) => Buffer.from(serialize(document, { ignoreUndefined: false }));
const plain = (value: unknown) => bsonToJson(bytesOf({ v: value }), 'plain').slice('{"v":'.length, -1);

/** Of its coefficient. Bytes may hold more than the 34 there are: the driver writes those, but reads none. */
const digitsOf = (decimal: Decimal128) =>
  decimal.toString().replace(/E.*$/, '').replaceAll(/\D/g, '').replace(/^0+/, '').length;

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((it) => Long.fromBigInt(it));
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
  fc.double().map((it) => new Double(it)),
  fc.integer().map((it) => new Int32(it)),
  long,
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((it) => new ObjectId(it)),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 40 }).map((it) => new Binary(it, 0)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((it) => new UUID(it)),
  fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((it) => new Decimal128(it))
    .filter((it) => digitsOf(it) <= 34),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom(new MinKey(), new MaxKey(), new BSONRegExp('^a"/\\n', 'im')),
);
const key = fc
  .string({ unit: 'binary' })
  .filter((it) => !it.includes('\0') && !it.startsWith('$') && it !== '_bsontype');
const documents = (names: fc.Arbitrary<string>) =>
  fc.letrec<{ value: unknown; document: Map<string, unknown> }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('document')),
    document: fc
      .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 5, selector: ([name]) => name })
      .map((members) => new Map(members)),
  })).document;
const document = documents(fc.oneof(key, fc.nat().map(String)));
// The driver itself moves keys that look like integers.
const still = documents(key.filter((it) => !/^\d+$/.test(it)));

/** Lists and objects that are written and read in turns with others. */
const LARGE: Readonly<Record<string, unknown>> = {
  'a long list': Array.from({ length: 30_000 }, (_, at) => at),
  'an object of very many keys': Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, `v${at}`])),
  'large ones within large ones': Array.from({ length: 5 }, () => ({
    empty: {},
    list: Array.from({ length: 20_000 }, (_, at) => (at % 100 === 0 ? { at: [at, 'ü"'] } : at)),
    last: null,
  })),
  'long texts': ['x'.repeat(70_000), 'ü'.repeat(70_000), '☃"\u0001'.repeat(30_000)],
};

describe('BSON as JSON', () => {
  test.each(Object.entries(LARGE))('is the same where it is large: %s', (_what, large) => {
    const bytes = bytesOf({ a: 1, large, z: [] });
    for (const mode of ['plain', 'canonical'] as const) {
      const whole = bsonToJson(bytes, mode);
      expect(String(atOnce(elementToJson(bytes, 0x03, 0, mode))) === whole).toBe(true);
      expect(writeJson(bsonToValue(bytes), mode) === whole).toBe(true);
    }
    const cut = Buffer.from(bytes.subarray(0, -20));
    cut.writeInt32LE(cut.length);
    expect(() => atOnce(elementToJson(cut, 0x03, 0, 'plain'))).toThrow();
  });

  test('gives others their turn within a long text', async () => {
    const bytes = bytesOf({ text: '\n'.repeat(1_000_000) });
    await slowClock();
    expect(turnsOf(elementToJson(bytes, 0x03, 0, 'plain') as Iterator<void>)).toBeGreaterThan(50);
  });

  test('is none of a long text that is not UTF-8, wherever', () => {
    for (const at of [100, 16_384 + 11, 99_000]) {
      const bytes = bytesOf({ text: 'x'.repeat(100_000) });
      bytes[at] = 0x80;
      expect(() => atOnce(elementToJson(bytes, 0x03, 0, 'plain'))).toThrow('not UTF-8');
    }
  });

  test.each(['plain', 'relaxed', 'canonical'] as const)(
    'is, in %s mode, what writing the values read from it gives',
    (mode) => {
      fc.assert(
        fc.property(document, (it) => {
          const bytes = bytesOf(it);
          expect(writeJson(bsonToValue(bytes), mode)).toBe(bsonToJson(bytes, mode));
        }),
      );
    },
  );

  test('is, in canonical mode, read back by the driver as the same bytes', () => {
    fc.assert(
      fc.property(still, (it) => {
        const bytes = bytesOf(it);
        const back = EJSON.parse(bsonToJson(bytes, 'canonical'), { relaxed: false }) as object;
        expect(bsonToJson(bytesOf(back), 'canonical')).toBe(bsonToJson(bytes, 'canonical'));
      }),
    );
  });

  test.each([
    [new ObjectId('66f0a1b2c3d4e5f601234567'), '"66f0a1b2c3d4e5f601234567"'],
    [new Date(1.5e12), '"2017-07-14T02:40:00.000Z"'],
    [Long.fromString('9007199254740992'), '9007199254740992'],
    [Long.fromString('9007199254740993'), '"9007199254740993"'],
    [Long.fromString('-9007199254740993'), '"-9007199254740993"'],
    [new Double(1), '1'],
    [new Double(Number.NaN), '"NaN"'],
    [new Double(-Infinity), '"-Infinity"'],
    [Decimal128.fromString('1.50'), '"1.50"'],
    [new UUID('3b241101-e2bb-4255-8caf-4136c566a962'), '"3b241101-e2bb-4255-8caf-4136c566a962"'],
    [new Binary(Buffer.from('ab')), '"YWI="'],
    [new Code('f', { a: 1 }), '{"$code":"f","$scope":{"a":1}}'],
    [new Timestamp({ t: 1, i: 2 }), '{"$timestamp":{"t":1,"i":2}}'],
    [undefined, 'null'],
  ])('shows %j as %s', (value, json) => {
    expect(plain(value)).toBe(json);
  });

  test('keeps every key', () => {
    const bytes = bytesOf(
      new Map<string, unknown>([
        ['__proto__', 1],
        ['constructor', { '': 2 }],
        ['_bsontype', 'ObjectId'],
      ]),
    );
    expect(bsonToJson(bytes, 'plain')).toBe('{"__proto__":1,"constructor":{"":2},"_bsontype":"ObjectId"}');
  });

  test('refuses bytes that are no BSON, and ends', () => {
    fc.assert(
      fc.property(document, fc.nat(), fc.nat({ max: 255 }), (it, at, byte) => {
        const bytes = bytesOf(it);
        bytes[at % bytes.length] = byte;
        try {
          JSON.parse(bsonToJson(bytes, 'plain'));
        } catch (error) {
          expect((error as Error).name).toMatch(/^(BSONError|RangeError)$/);
        }
      }),
    );
    const cut = bytesOf({ a: 'text' }).subarray(0, 12);
    expect(() => bsonToJson(cut, 'plain')).toThrow();
  });

  test('refuses text that is not UTF-8, and a nesting beyond 1,000', () => {
    const bytes = bytesOf({ a: 'xx' });
    bytes[11] = 0xff;
    expect(() => bsonToJson(bytes, 'plain')).toThrow('not UTF-8');
    let deep: object = {};
    for (let depth = 0; depth < 1001; depth++) deep = { a: deep };
    expect(() => bsonToJson(bytesOf(deep), 'plain')).toThrow('nested too deep');
  });
});
