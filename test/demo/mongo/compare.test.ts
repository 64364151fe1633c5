import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparer, keyOf } from '../../../demo/mongo/compare.ts';

const compare = comparer();

/** Values close enough to each other that many pairs are equal, whatever they are written as. */
const leaf = fc.oneof(
  fc.constantFrom(undefined, null, true, false, NaN, Infinity, -Infinity, 0, -0, 2 ** 53, new MinKey(), new MaxKey()),
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -3, max: 3 }).map((n) => new Int32(n)),
  fc.double({ min: -2, max: 2, noNaN: true }).map((n) => new Double(Math.round(n * 2) / 2)),
  fc
    .constantFrom('9007199254740993', '9007199254740992', '-9007199254740993', '2')
    .map((text) => Long.fromString(text)),
  fc
    .constantFrom('2', '2.0', '0.5', '5E-1', '9007199254740993', '1E+20', '-0', 'NaN', '-Infinity')
    .map((text) => Decimal128.fromString(text)),
  fc.constantFrom('', 'a', 'b', 'A'),
  fc.constantFrom(0, 1).map((n) => new Date(n)),
  fc.constantFrom('a', 'b').map((digit) => new ObjectId(digit.repeat(24))),
  fc.uint8Array({ maxLength: 2, max: 1 }).map((bytes) => new Binary(bytes)),
  fc.constantFrom(0, 1).map((t) => new Timestamp({ t, i: 0 })),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
}));

test('two values are equal exactly if they share a key', () => {
  const property = fc.property(value, value, (a, b) => {
    expect(compare(a, b) === 0).toBe(keyOf(a) === keyOf(b));
  });
  fc.assert(property, { numRuns: 2000 });
});

test('the order is total', () => {
  const property = fc.property(value, value, value, (a, b, c) => {
    expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
    if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
  });
  fc.assert(property, { numRuns: 2000 });
});

test('types come in the order of BSON', () => {
  const ascending = [
    new MinKey(),
    null,
    NaN,
    1,
    'a',
    {},
    [],
    new Binary(Buffer.of(1)),
    new ObjectId(),
    false,
    new Date(0),
  ];
  const rest = [new Timestamp({ t: 1, i: 1 }), /a/, new MaxKey()];
  const expected = [...ascending, ...rest];
  expect(expected.toReversed().toSorted(compare)).toEqual(expected);
});
