import { isDeepStrictEqual } from 'node:util';
import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/json/canonical.ts';
import { bsonTag, Digits } from '../../src/json/leaf.ts';
import { entriesOf } from '../../src/json/members.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';

/** A value as lists of plain ones, in which types and the order of keys are data, too. */
function model(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return [typeof value, value];
  if (Array.isArray(value)) return ['list', value.map(model)];
  if (value instanceof Date) return ['date', value.getTime()];
  if (value instanceof Digits) return ['digits', value.text];
  const type = bsonTag(value);
  if (value instanceof Binary) return [type, value.sub_type, value.toString('hex')];
  if (value instanceof BSONRegExp) return [type, value.pattern, value.options];
  if (value instanceof Timestamp) return [type, value.t, value.i];
  if (value instanceof Double || value instanceof Int32) return [type, value.value];
  if (type !== undefined) return [type, (value as ObjectId).toString()];
  return ['object', [...entriesOf(value)].map(([key, member]) => [key, model(member)])];
}

// Few values, so that two of them are often the same or nearly so.
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('1', '"', ',', ':', '[', ']', '{', '}', '@', '/', 'n', '-'), maxLength: 4 }),
  fc.constantFrom(
    '',
    '1',
    'null',
    'true',
    'undefined',
    '1"a',
    '__proto__',
    '0',
    '\uD800',
    'é',
    'ÿ',
    '\u6F22',
    'ÿo"',
    '$oid',
  ),
);
const whole = fc.integer({ min: -2, max: 2 });
const hex = fc.constantFrom('66f0c0ffee66f0c0ffee66f0', '66f0c0ffee66f0c0ffee66f1');
const digits = fc.constantFrom('0', '1', '1.0', '1.10', '-0', 'NaN');
const leaf = fc.oneof(
  text,
  whole,
  fc.constantFrom(-0, 0.1, NaN, Infinity, -Infinity, 2 ** 53, null, undefined, true, false),
  fc.bigInt({ min: -2n, max: 2n }),
  whole.map((it) => new Int32(it)),
  fc.constantFrom(-0, 0, 1, 0.1, NaN).map((it) => new Double(it)),
  whole.map((it) => new Long(it)),
  digits.map((it) => Decimal128.fromString(it)),
  digits.map((it) => new Digits(it)),
  hex.map((it) => new ObjectId(it)),
  whole.map((it) => new Date(it)),
  fc
    .tuple(fc.constantFrom(0, 4, 5), fc.constantFrom('', 'a', 'b'))
    .map(([type, it]) => new Binary(Buffer.from(it), type)),
  fc.constant(new UUID('8f14e45f-ceea-467f-a4f1-0a1b2c3d4e5f')),
  fc.tuple(fc.nat(1), fc.nat(1)).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom(new MinKey(), new MaxKey()),
  fc
    .tuple(text, fc.constantFrom('', 'i'))
    .map(([pattern, options]) => new BSONRegExp(pattern.replaceAll('\0', ''), options)),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => {
  const entries = fc.uniqueArray(fc.tuple(text, tie('value')), { maxLength: 3, selector: ([key]) => key });
  return {
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      entries.map((it) => new Map(it)),
      entries.map((it) => Object.assign(Object.create(null) as object, Object.fromEntries(it))),
    ),
  };
});

describe('the canonical text of a value', () => {
  it('is that of another only if they are the same, types and order of keys included', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(canonical(one) === canonical(other)).toBe(isDeepStrictEqual(model(one), model(other)));
      }),
      { numRuns: 5000 },
    );
  });

  it('tells a number that no double holds from a Long and a Decimal128 of the same digits', () => {
    for (const digits of ['9007199254740993', '100000000000000000000']) {
      const others = [Decimal128.fromString(digits), Long.fromString(digits), digits];
      expect(others.map((it) => canonical(it))).not.toContain(canonical(new Digits(digits)));
    }
  });

  it('is different for all of many values that are different', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        const models = new Set(values.map((it) => JSON.stringify(model(it), exactly)));
        expect(new Set(values.map((it) => canonical(it))).size).toBe(models.size);
      }),
      { numRuns: 300 },
    );
  });

  it('is different for all small lists and objects of texts and numbers with the same digits', () => {
    const pairs = (of: readonly unknown[]) => [
      [],
      ...of.map((it) => [it]),
      ...of.flatMap((it) => of.map((at) => [it, at])),
    ];
    const leaves = [1, 11, '', '1', '11'];
    const objects = leaves.flatMap((it) => ['', '1', '11'].map((key) => ({ [key]: it })));
    const small = [...leaves, {}, ...objects, ...pairs(leaves)];
    const values = [...small, ...pairs(small), ...pairs(small).map((it) => [it])];
    const texts = new Map(values.map((it) => [JSON.stringify(it), canonical(it)]));
    expect(texts.size).toBeGreaterThan(5000);
    expect(new Set(texts.values()).size).toBe(texts.size);
  });

  it('ends where the value does, so that one can stand behind another', () => {
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        const same = isDeepStrictEqual([model(a), model(b)], [model(c), model(d)]);
        expect(canonical([a, b]) === canonical([c, d])).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, unknown, unknown]>([
    ['a string and a number', '1', 1],
    ['null and nothing', { a: null }, {}],
    ['null and a string', null, 'null'],
    ['undefined and nothing', { a: undefined }, {}],
    ['a Long and an integer', new Long(1), 1],
    ['a Long and a Double', new Long(1), new Double(1)],
    ['a Long and a Decimal128', new Long(1), Decimal128.fromString('1')],
    ['Decimal128 of as much, written otherwise', Decimal128.fromString('1.0'), Decimal128.fromString('1.00')],
    ['an ObjectId and its hex', new ObjectId('66f0c0ffee66f0c0ffee66f0'), '66f0c0ffee66f0c0ffee66f0'],
    ['a type and what Extended JSON writes for it', new Long(1), { $numberLong: '1' }],
    ['a Date and its text', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['zeros', 0, -0],
    ['a character and its bytes', '\u6F22', 'ÿo"'],
    ['lists', ['a', 'b'], ['a,b']],
    ['a text of a digit and a number that begins with its length', '1', 11],
    ['two empty lists and one in lists', [[], []], [[[]]]],
    ['a list in a list', [['a'], 'b'], [['a', 'b']]],
    ['a list and an object of its indices', ['a'], { 0: 'a' }],
    ['orders of keys', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ])('tells apart %s', (_what, one, other) => {
    expect(canonical(one)).not.toBe(canonical(other));
  });

  it('is the same for an object and a Map of the same members', () => {
    expect(canonical(new Map([['a', 1]]))).toBe(canonical({ a: 1 }));
  });

  it.each([
    ['a string', 'x'.repeat(70_000)],
    ['a list', Array.from({ length: 70_000 }, () => 1)],
    ['an object', Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`k${at}`, 1]))],
    ['a list of large lists', Array.from({ length: 100 }, () => Array.from({ length: 1000 }, () => 1))],
  ])('is none for %s that is too large', (_what, large) => {
    expect(canonical(large)).toBeUndefined();
  });

  it('is not looked for beyond what is too large', () => {
    const list: unknown[] = Array.from({ length: 70_000 }, () => 1);
    list.push(() => 'no data');
    expect(canonical(list)).toBeUndefined();
  });

  it.each([1, -0, 'a', { a: [1] }, undefined])('is that of the value where it was filled in: %j', (value) => {
    expect(canonical({ a: new Filled(value), b: [new Filled(value)] })).toBe(canonical({ a: value, b: [value] }));
  });

  it.each([
    ['a function', () => 1],
    ['a pattern', /a/],
    ['code', new Code('a')],
    ['a set', new Set([1])],
    ['bytes', Buffer.from('a')],
    ['a reference', new Placeholder('$item')],
  ])('is not made of what is no data: %s', (_what, it) => {
    expect(() => canonical({ a: it })).toThrow(TypeError);
  });
});

/** What JSON has no text for. */
function exactly(_key: string, it: unknown): unknown {
  if (typeof it === 'bigint' || it === undefined) return `${typeof it} ${it}`;
  return typeof it === 'number' && (Object.is(it, -0) || !Number.isFinite(it))
    ? { number: Object.is(it, -0) ? '-0' : String(it) }
    : it;
}
