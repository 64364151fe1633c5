import { createRequire } from 'node:module';
import * as bson from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digits } from '../../src/json/leaf.ts';
import { comparing } from '../../src/json/compare.ts';
import { writeBeginning, writeBytes, writeJson } from '../../src/json/write.ts';
import { atOnce, Work } from '../../src/budget/work.ts';

const { Binary, Decimal128, Double, EJSON, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } = bson;
const id = new ObjectId('66f0c0ffee66f0c0ffee66f0');
const uuid = '8f14e45f-ceea-467f-a4f1-0a1b2c3d4e5f';
const equalPlain = (one: unknown, other: unknown): boolean => atOnce(comparing(one, other, new Work(Infinity)));
const parsed = (text: string): unknown => JSON.parse(text);
const nested = (depth: number): unknown => parsed('['.repeat(depth) + ']'.repeat(depth));

describe('plain JSON', () => {
  it.each([
    ['ObjectId', id, '66f0c0ffee66f0c0ffee66f0'],
    ['Date', new Date(1234), '1970-01-01T00:00:01.234Z'],
    ['Date before 1970', new Date(-1), '1969-12-31T23:59:59.999Z'],
    ['Long', Long.fromNumber(42), 42],
    ['Long of 2^53', Long.fromString('9007199254740992'), 9007199254740992],
    ['Long beyond 2^53', Long.fromString('9007199254740993'), '9007199254740993'],
    ['Long beyond -2^53', Long.fromString('-9007199254740993'), '-9007199254740993'],
    ['bigint', 7n, 7],
    ['bigint beyond 2^53', 2n ** 60n, '1152921504606846976'],
    ['Int32', new Int32(3), 3],
    ['Double', new Double(1.5), 1.5],
    ['undefined', undefined, null],
    ['Double NaN', new Double(NaN), 'NaN'],
    ['NaN', NaN, 'NaN'],
    ['Infinity', Infinity, 'Infinity'],
    ['-Infinity', -Infinity, '-Infinity'],
    ['Decimal128', Decimal128.fromString('1.10'), '1.10'],
    ['UUID', new UUID(uuid), uuid],
    ['Binary of subtype 4', new Binary(new UUID(uuid).buffer, 4), uuid],
    ['Binary of subtype 4 that is no UUID', new Binary(Buffer.from('hi'), 4), 'aGk='],
    ['Binary', new Binary(Buffer.from('hi')), 'aGk='],
    ['Timestamp', new Timestamp({ t: 1, i: 2 }), { $timestamp: { t: 1, i: 2 } }],
    ['MinKey', new MinKey(), { $minKey: 1 }],
    ['MaxKey', new MaxKey(), { $maxKey: 1 }],
  ])('writes %s', (_name, value, expected) => {
    expect(parsed(writeJson(value))).toEqual(expected);
    expect(parsed(writeJson({ a: [value] }))).toEqual({ a: [expected] });
    expect(equalPlain({ a: [value] }, { a: [expected] })).toBe(true);
  });

  it('writes Digits as they came', () => {
    expect(writeJson([new Digits('9007199254740993'), new Digits('1e400')])).toBe('[9007199254740993,1e400]');
  });

  it('writes values that another copy of bson made', () => {
    const other = createRequire(import.meta.url)('bson') as typeof bson;
    expect(new other.ObjectId()).not.toBeInstanceOf(ObjectId);
    expect(writeJson([new other.ObjectId(id.toHexString()), other.Long.fromNumber(1)])).toBe(
      `["${id.toHexString()}",1]`,
    );
  });
});

describe('Extended JSON', () => {
  const values = {
    id,
    uuid: new UUID(uuid),
    date: new Date(1234),
    old: new Date(-5),
    far: new Date(8e15),
    long: Long.fromNumber(42),
    int: new Int32(1),
    double: new Double(1),
    decimal: Decimal128.fromString('1.10'),
    binary: new Binary(Buffer.from('hi'), 5),
    timestamp: new Timestamp({ t: 1, i: 2 }),
    min: new MinKey(),
    max: new MaxKey(),
    numbers: [1, 1.5, 2 ** 40, -3, 1e300, NaN, -Infinity],
    big: 5n,
    rest: [null, true, 'x', {}],
  };

  it.each(['relaxed', 'canonical'] as const)('is what bson writes: %s', (mode) => {
    expect(parsed(writeJson(values, mode))).toEqual(parsed(EJSON.stringify(values, { relaxed: mode === 'relaxed' })));
  });

  it('keeps every digit of a 64-bit integer', () => {
    expect(writeJson([Long.MAX_VALUE, 2n ** 60n], 'relaxed')).toBe('[9223372036854775807,1152921504606846976]');
    expect(writeJson([Long.MAX_VALUE], 'canonical')).toBe('[{"$numberLong":"9223372036854775807"}]');
  });
});

describe('Digits in Extended JSON', () => {
  it.each([
    ['9007199254740993', '{"$numberLong":"9007199254740993"}'],
    ['-9223372036854775808', '{"$numberLong":"-9223372036854775808"}'],
    ['9223372036854775808', '{"$numberDecimal":"9223372036854775808"}'],
    ['100000000000000000000', '{"$numberDecimal":"100000000000000000000"}'],
    ['9007199254740993.5', '{"$numberDecimal":"9007199254740993.5"}'],
    ['1e400', '{"$numberDecimal":"1e400"}'],
  ])('have a type where it is canonical: %s', (digits, typed) => {
    expect(writeJson(new Digits(digits), 'canonical')).toBe(typed);
    expect(writeJson({ a: [new Digits(digits)] }, 'canonical')).toBe(`{"a":[${typed}]}`);
    expect(atOnce(writeBytes([new Digits(digits)], 'canonical', new Work(Infinity))).toString()).toBe(`[${typed}]`);
    expect(EJSON.parse(typed, { relaxed: false })).toMatchObject({ _bsontype: expect.anything() as unknown });
    expect(writeJson(new Digits(digits), 'relaxed')).toBe(digits);
  });
});

describe('what is written', () => {
  it('is what JSON.stringify writes, for any data without types', () => {
    const data = fc.oneof(
      // A minus zero keeps its sign, which JSON.stringify drops.
      fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
      fc.object({
        values: [fc.integer(), fc.string(), fc.constantFrom(null, 1e21, '\ud800')],
        withNullPrototype: true,
      }),
    );
    fc.assert(
      fc.property(data, (value) => {
        expect(writeJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each(['plain', 'relaxed'] as const)('keeps the sign of -0.0: %s', (mode) => {
    expect(writeJson([-0, new Double(-0), 0], mode)).toBe('[-0.0,-0.0,0]');
  });

  it('tells undefined as BSON has it', () => {
    expect(writeJson({ a: undefined, b: [undefined] })).toBe('{"a":null,"b":[null]}');
    expect(writeJson({ a: undefined }, 'relaxed')).toBe('{"a":{"$undefined":true}}');
    expect(writeJson({ a: undefined }, 'canonical')).toBe('{"a":{"$undefined":true}}');
  });

  it('keeps the order of keys, those that look like integers too', () => {
    const value = new Map<string, unknown>([
      ['b', [new Map([['2', 1]])]],
      ['2024', 1],
      ['10', -0],
    ]);
    expect(writeJson(value)).toBe('{"b":[{"2":1}],"2024":1,"10":-0.0}');
  });

  it('keeps every key, __proto__ and _bsontype too', () => {
    const text = '{"__proto__":{"a":1},"_bsontype":"ObjectId","toJSON":1}';
    expect(writeJson(JSON.parse(text))).toBe(text);
  });

  it('may be nested 1,000 deep and no deeper', () => {
    const deeper = expect.objectContaining({ code: 'BAD_RESPONSE' });
    expect(writeJson(nested(1000))).toHaveLength(2000);
    expect(() => writeJson(nested(1001))).toThrow(deeper);
    expect(() => equalPlain(nested(1001), nested(1001))).toThrow(deeper);
  });
});

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

describe('comparing', () => {
  it.each([
    [Long.fromString('9007199254740993'), '9007199254740993'],
    [new Digits('9007199254740993'), '9007199254740993'],
    [new Digits('9007199254740993'), Long.fromString('9007199254740993')],
    [new Digits('100000000000000000000'), '100000000000000000000'],
    [new Digits('9007199254740993'), new Digits('9007199254740993.0')],
    [new Digits('100000000000000000000'), 1e20],
    [new Digits('100000000000000000000'), new Double(1e20)],
    [new Digits('-100000000000000000000.00'), -1e20],
    // As JSON writes it, 1e+23: the double is less by eight millions.
    [new Digits('100000000000000000000000'), 1e23],
    [new Digits('1e400'), new Digits('10.0E+399')],
    [new Digits('1e-400'), new Digits('0.01e-398')],
    [[new Digits('100000000000000000000')], [1e20]],
    [{ a: new Digits('100000000000000000000') }, { a: 1e20 }],
    [id, id.toHexString()],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Int32(1), Long.fromNumber(1)],
    [1, new Double(1)],
    [0, -0],
    [NaN, 'NaN'],
    [
      { a: 1, b: [id] },
      { b: [id.toHexString()], a: 1 },
    ],
    [
      { a: 1, b: undefined },
      { a: 1, b: null },
    ],
    [
      new Map([
        ['b', 1],
        ['1', 2],
      ]),
      { 1: 2, b: 1 },
    ],
    [[undefined], [null]],
  ])('holds for %j and %j', (one, other) => {
    expect(equalPlain(one, other)).toBe(true);
    expect(equalPlain(other, one)).toBe(true);
  });

  it.each([
    [1, '1'],
    [null, false],
    [[], {}],
    [[1], [1, 2]],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [new Map([['1', 1]]), { 1: 2 }],
    [{ toString: 1 }, { a: 1 }],
    [JSON.parse('{"__proto__":{}}'), { a: {} }],
    [new Digits('9007199254740993'), new Digits('9007199254740995')],
    [new Digits('9007199254740993'), new Digits('-9007199254740993')],
    [new Digits('9007199254740993'), 9007199254740992],
    [new Digits('100000000000000000000'), '1e20'],
    [new Digits('1e20'), '100000000000000000000'],
    [new Digits('1e400'), Infinity],
    [new Digits(`1e${'9'.repeat(400)}`), new Digits(`1e${'9'.repeat(399)}8`)],
    [new Digits('1e400'), { a: 1 }],
    [[new Digits('1e400')], [{ a: 1 }]],
    [{ a: [] }, { a: new Digits('1e400') }],
    ['a', { 0: 'a' }],
  ])('does not hold for %j and %j', (one, other) => {
    expect(equalPlain(one, other)).toBe(false);
    expect(equalPlain(other, one)).toBe(false);
  });

  it('agrees with the JSON of two values, keys in order', () => {
    const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(small, small, (one, other) => {
        expect(equalPlain(one, structuredClone(one))).toBe(true);
        expect(equalPlain(one, other)).toBe(sorted(one) === sorted(other));
      }),
    );
  });
});

describe('a string of very many characters', () => {
  it.each([
    ['of one byte each', 'x'.repeat(600_000)],
    ['with escapes', '"\\\n\u2028'.repeat(150_000)],
    ['with pairs of surrogates where it is cut', `x${'😀'.repeat(400_000)}`],
    ['with surrogates alone where it is cut', `${'x'.repeat(262_143)}\ud800${'x'.repeat(262_143)}\udc00`],
  ])('is written as any other, also in bytes: %s', (_name, text) => {
    for (const value of [text, [text, text], { a: { b: text } }]) {
      expect(writeJson(value) === JSON.stringify(value)).toBe(true);
      expect(atOnce(writeBytes(value, 'plain', new Work(Infinity))).equals(Buffer.from(JSON.stringify(value)))).toBe(
        true,
      );
    }
  });
});

describe('the beginning of a text', () => {
  it('is the whole, where that is no longer', () => {
    const value = { a: id, b: [1, 'x'], c: { d: null } };
    const whole = writeJson(value, 'relaxed');
    expect(writeBeginning(value, 'relaxed', whole.length)).toBe(whole);
    expect(writeBeginning(value, 'relaxed', whole.length - 1)).toBe(`${whole.slice(0, -1)}…`);
  });

  it('ends before a text that is long by itself, which is not looked at', () => {
    expect(writeBeginning({ a: 1, b: 'x'.repeat(1e6) }, 'relaxed', 100)).toBe('{"a":1…');
  });

  it('ends where it is nested too deep', () => {
    expect(writeBeginning(nested(2000) as object, 'relaxed', 5000)).toBe(`${'['.repeat(1000)}…`);
  });

  it('is bounded, whatever the value', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), fc.integer({ min: 1, max: 200 }), (value, most) => {
        const text = writeBeginning(value, 'plain', most);
        const whole = writeJson(value);
        expect(text.length).toBeLessThanOrEqual(most + 1);
        if (whole.length > most) expect(text).toBe(`${whole.slice(0, most)}…`);
        else expect(text).toBe(whole);
      }),
    );
  });
});
