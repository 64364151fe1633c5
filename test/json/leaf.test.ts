import { Binary, Code, Decimal128, Double, Int32, Long, ObjectId, UUID } from 'bson';
import { describe, expect, it } from 'vitest';
import { Digits, isLeaf, toText } from '../../src/json/leaf.ts';

const id = new ObjectId('66f0c0ffee66f0c0ffee66f0');
const uuid = '8f14e45f-ceea-467f-a4f1-0a1b2c3d4e5f';

describe('toText', () => {
  it.each([
    ['text', 'text'],
    [1.5, '1.5'],
    [true, 'true'],
    [7n, '7'],
    [id, '66f0c0ffee66f0c0ffee66f0'],
    [new UUID(uuid), uuid],
    [new Binary(new UUID(uuid).buffer, 4), uuid],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Long.fromString('9007199254740993'), '9007199254740993'],
    [Decimal128.fromString('1.10'), '1.10'],
    [new Int32(3), '3'],
    [new Double(1.5), '1.5'],
    [new Digits('9007199254740993'), '9007199254740993'],
  ])('of a value (%#) is its text', (value, text) => {
    expect(toText(value)).toBe(text);
  });

  it.each([
    null,
    undefined,
    {},
    [],
    new Date(NaN),
    new Binary(Buffer.from('hi')),
    new Binary(Buffer.from('hi'), 4),
    new Code('f'),
    { _bsontype: 'ObjectId' },
  ])('is undefined for anything else (%#)', (value) => {
    expect(toText(value)).toBeUndefined();
  });
});

describe('isLeaf', () => {
  it.each([id, new Date(), /a/, new Digits('1'), Buffer.from('hi'), new Binary()])(
    'holds for a typed value (%#)',
    (value) => {
      expect(isLeaf(value)).toBe(true);
    },
  );

  it.each([{}, [], Object.create(null) as object, { _bsontype: 'ObjectId' }])(
    'does not hold for data (%#)',
    (value) => {
      expect(isLeaf(value)).toBe(false);
    },
  );
});
