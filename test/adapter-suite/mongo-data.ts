import { Binary, BSONRegExp, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'bson';

/** A document with every type that a store usually holds. */
export const typed = {
  _id: new ObjectId('66f0000000000000000f0001'),
  text: 'Grüße, 🌊 und "Zeichen"\n',
  dollar: '$password',
  int: 7,
  double: new Double(1),
  fraction: 0.1,
  long: Long.fromString('9007199254740993'),
  small: new Long(5),
  most: Long.MAX_VALUE,
  decimal: Decimal128.fromString('1.10'),
  date: new Date('2026-01-02T03:04:05.678Z'),
  early: new Date(-62_135_596_800_000),
  uuid: new UUID('0f8fad5b-d9cb-469f-a165-70867728950e'),
  bytes: new Binary(Buffer.from('abc')),
  nan: NaN,
  endless: Infinity,
  minus: -Infinity,
  yes: true,
  nothing: null,
  list: [1, 'two', null, [3]],
  nested: { a: { b: { c: new ObjectId('66f0000000000000000f0002') } } },
  empty: {},
  none: [],
};

/** The same as plain JSON. */
export const plain = {
  _id: '66f0000000000000000f0001',
  text: 'Grüße, 🌊 und "Zeichen"\n',
  dollar: '$password',
  int: 7,
  double: 1,
  fraction: 0.1,
  long: '9007199254740993',
  small: 5,
  most: '9223372036854775807',
  decimal: '1.10',
  date: '2026-01-02T03:04:05.678Z',
  early: '0001-01-01T00:00:00.000Z',
  uuid: '0f8fad5b-d9cb-469f-a165-70867728950e',
  bytes: 'YWJj',
  nan: 'NaN',
  endless: 'Infinity',
  minus: '-Infinity',
  yes: true,
  nothing: null,
  list: [1, 'two', null, [3]],
  nested: { a: { b: { c: '66f0000000000000000f0002' } } },
  empty: {},
  none: [],
};

/** Some of its fields as canonical Extended JSON. */
export const canonical = {
  _id: { $oid: plain._id },
  int: { $numberInt: '7' },
  double: { $numberDouble: '1.0' },
  long: { $numberLong: '9007199254740993' },
  small: { $numberLong: '5' },
  decimal: { $numberDecimal: '1.10' },
  date: { $date: { $numberLong: '1767323045678' } },
  early: { $date: { $numberLong: '-62135596800000' } },
  bytes: { $binary: { base64: 'YWJj', subType: '00' } },
  uuid: { $binary: { base64: 'D4+tW9nLRp+hZXCGdyiVDg==', subType: '04' } },
  nan: { $numberDouble: 'NaN' },
  minus: { $numberDouble: '-Infinity' },
};

const rare = {
  _id: 'rare',
  pattern: new BSONRegExp('^a.b$', 'i'),
  stamp: new Timestamp({ t: 5, i: 7 }),
  least: new MinKey(),
  greatest: new MaxKey(),
};

const words = ['Äpfel', 'apfel', 'Apfel', 'Birne', 'birne'].map((word, at) => ({ _id: at, word, number: `${at * 5}` }));
/** Few and different. */
export const people = [
  { _id: 1, name: 'Ada', city: 'London', age: 36, tags: ['a', 'b'] },
  { _id: 2, name: 'Bob', city: 'Paris', age: 25, tags: ['b', 'c'] },
  { _id: 3, name: 'Cyd', city: 'London', age: 51, tags: [] },
  { _id: 4, name: '$ada', city: null, age: 1 },
];
/** Of some of the people. */
export const visits = [
  { _id: 1, who: 1, n: 10 },
  { _id: 2, who: 1, n: 20 },
  { _id: 3, who: 2, n: 30 },
];
/** More than a first batch holds. */
export const many = Array.from({ length: 2500 }, (_, n) => ({ _id: n, n, half: n >> 1 }));
/** Keys that JavaScript or JSON know, or that look like something else. */
export const KEYS = ['__proto__', 'constructor', 'toString', 'ключ 🗝', 'a b', 'a/b~c', '"', '\u2028', '0'];
const odd = Object.assign(Object.create(null) as Record<string, unknown>, { _id: 'odd' });
for (const [at, key] of KEYS.entries()) odd[key] = at;

const secrets = [{ _id: 1, who: 1, secret: 'hidden' }];
/** The documents by collection. */
export const content: Readonly<Record<string, object[]>> = {
  typed: [typed],
  rare: [rare],
  words,
  people,
  visits,
  many,
  odd: [odd],
  secrets,
};
