import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
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
import { describe, expect, test } from 'vitest';
import { bsonToJson } from '../../../adapters/mongo/bson-json.ts';
import { Digits } from '../../../src/json/leaf.ts';
import { filled, filterFaults, hole, joined, pipelineFaults, sentFilter, sentPipeline } from './checked.ts';
import { processorMs } from '../../processor-time.ts';

const hex = '66f0a1b2c3d4e5f601234567';
const uuid = '3b241101-e2bb-4255-8caf-4136c566a962';

const LONGS = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
/** Values of every type that a query may be compared with. */
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(true, false, null, new MinKey(), new MaxKey()),
  fc.double().map((it) => new Double(it)),
  fc.integer().map((it) => new Int32(it)),
  fc.bigInt(LONGS).map((it) => Long.fromBigInt(it)),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((it) => new ObjectId(it)),
  fc.date({ noInvalidDate: true }),
  // A vector has rules of its own, subtype 9.
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom(4, 0),
        fc.nat(255).filter((it) => it !== 9),
      ),
      fc.uint8Array({ maxLength: 20 }),
    )
    .map(([subType, bytes]) => new Binary(bytes, subType)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((it) => new UUID(it)),
  fc
    .tuple(fc.bigInt(-(10n ** 34n) + 1n, 10n ** 34n - 1n), fc.integer({ min: -6176, max: 6111 }))
    .map(([digits, exponent]) => Decimal128.fromString(`${digits}E${exponent}`)),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '-0').map((it) => Decimal128.fromString(it)),
  fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)).map(([t, i]) => new Timestamp({ t, i })),
  fc
    .tuple(
      fc.string({ unit: 'binary' }).filter((it) => !it.includes('\0')),
      fc.subarray(['i', 'm', 's', 'u', 'x']),
    )
    .map(([pattern, options]) => new BSONRegExp(pattern, options.join(''))),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
  ),
}));

describe('Extended JSON in a request', () => {
  test.each(['filter', 'pipeline'])('reads what canonical mode writes of any value as the same bytes: %s', (place) => {
    fc.assert(
      fc.property(value, (it) => {
        const bytes = Buffer.from(serialize({ v: it }));
        const { v } = JSON.parse(bsonToJson(bytes, 'canonical')) as { v: unknown };
        const filter = { a: { $in: [[v]] } };
        const sent =
          place === 'filter'
            ? sentFilter(filter)
            : (sentPipeline([{ $match: filter }]) as { $match: unknown }[])[0]?.$match;
        const [[read]] = (sent as { a: { $in: [[unknown]] } }).a.$in;
        expect(Buffer.from(serialize({ v: read })).equals(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [{ $oid: hex }, new ObjectId(hex)],
    [{ $date: '2024-02-29T12:00:00Z' }, new Date('2024-02-29T12:00:00Z')],
    [{ $date: '2024-01-01T12:00:00.123+02:00' }, new Date('2024-01-01T10:00:00.123Z')],
    [{ $date: '2024-01-01T12:00:00.120000000Z' }, new Date('2024-01-01T12:00:00.120Z')],
    [{ $date: { $numberLong: '-1' } }, new Date(-1)],
    [{ $date: '0000-02-29T00:00:00Z' }, new Date('0000-02-29T00:00:00Z')],
    [{ $date: '0096-02-29T00:00:00Z' }, new Date('0096-02-29T00:00:00Z')],
    [{ $numberInt: '-2147483648' }, new Int32(-2147483648)],
    [{ $numberLong: '9223372036854775807' }, Long.MAX_VALUE],
    [{ $numberDouble: '-0.0' }, new Double(-0)],
    [{ $numberDouble: 'Infinity' }, new Double(Infinity)],
    [{ $numberDouble: '0e-999' }, new Double(0)],
    [{ $numberDouble: '.5' }, new Double(0.5)],
    [{ $numberDouble: '007.0' }, new Double(7)],
    [{ $numberDouble: '0.12345678901234567890' }, new Double(0.12345678901234568)],
    [{ $numberDouble: '-9007199254740994' }, new Double(-9007199254740994)],
    [{ $numberDouble: '123456789012345683968.0' }, new Double(123456789012345680000)],
    [{ $numberDouble: '123456789012345680000' }, new Double(123456789012345680000)],
    [{ $numberDouble: `${BigInt(Number.MAX_VALUE)}.0` }, new Double(Number.MAX_VALUE)],
    [{ $numberDouble: '1.2345678901234567891e+20' }, new Double(123456789012345680000)],
    [{ $numberDecimal: '1.50' }, Decimal128.fromString('1.50')],
    [{ $numberDecimal: '-1e-6176' }, Decimal128.fromString('-1E-6176')],
    [{ $numberDecimal: 'NaN' }, Decimal128.fromString('NaN')],
    [{ $binary: { base64: 'YWI=', subType: '00' } }, new Binary(Buffer.from('ab'), 0)],
    [{ $binary: { base64: 'YWI=', subType: '04' } }, new Binary(Buffer.from('ab'), 4)],
    [{ $binary: { base64: 'AwABAg==', subType: '09' } }, new Binary(Buffer.of(3, 0, 1, 2), 9)],
    [{ $binary: { base64: 'JwAAAIA/', subType: '09' } }, new Binary(Buffer.of(0x27, 0, 0, 0, 0x80, 0x3f), 9)],
    [{ $uuid: uuid }, new UUID(uuid)],
    [{ $timestamp: { t: 4294967295, i: 1 } }, new Timestamp({ t: 4294967295, i: 1 })],
    [{ $minKey: 1 }, new MinKey()],
    [{ $maxKey: 1 }, new MaxKey()],
    [{ $regularExpression: { pattern: '^a', options: 'i' } }, new BSONRegExp('^a', 'i')],
  ])('%j is read exactly', (wrapper, value) => {
    expect(filterFaults({ a: wrapper, b: { $in: [wrapper] }, c: { d: wrapper } })).toEqual([]);
    expect(sentFilter({ a: wrapper })).toEqual({ a: value });
    expect(filterFaults({ $expr: { $eq: ['$a', wrapper] } })).toEqual([]);
  });

  test.each([
    { $oid: hex.slice(1) },
    { $oid: `${hex.slice(1)}g` },
    { $oid: 5 },
    { $oid: { $numberInt: '5' } },
    { $date: 'nope' },
    { $date: '2024-02-30T00:00:00Z' },
    { $date: '2023-02-29T00:00:00Z' },
    { $date: '0001-02-29T00:00:00Z' },
    { $date: '0100-02-29T00:00:00Z' },
    { $date: '2024-01-01T25:00:00Z' },
    { $date: '2024-01-01' },
    { $date: '2024-01-01T00:00:00' },
    { $date: '2024-01-01T00:00:00.123456789Z' },
    { $date: 0 },
    { $date: { $numberLong: '9223372036854775807' } },
    { $date: { $numberLong: '1', x: 1 } },
    { $numberInt: '2147483648' },
    { $numberInt: '1.5' },
    { $numberInt: 1 },
    { $numberLong: '9223372036854775808' },
    { $numberLong: ' 1' },
    { $numberLong: '' },
    { $numberDouble: '1e999' },
    { $numberDouble: '1e-999' },
    { $numberDouble: '0x10' },
    { $numberDouble: '' },
    { $numberDouble: '9007199254740993' },
    { $numberDouble: '-9007199254740993.0' },
    { $numberDouble: '123456789012345678901' },
    { $numberDouble: '1'.repeat(400) },
    { $numberDouble: '4503599627370497.3' },
    { $numberDouble: `1.${'0'.repeat(400)}1` },
    { $numberDecimal: 'abc' },
    { $numberDecimal: '1'.repeat(40) },
    { $numberDecimal: '1e-6177' },
    { $numberDecimal: '1e-99999' },
    { $numberDecimal: '1e99999' },
    { $numberDecimal: 'inf' },
    { $numberDecimal: '' },
    { $binary: { base64: 'AB==', subType: '00' } },
    { $binary: { base64: '*', subType: '00' } },
    { $binary: { base64: 'YWI=' } },
    { $binary: { base64: 'YWI=', subType: '00', x: 1 } },
    // Vectors of what is no whole float, and of bits of which more are unused than there are.
    { $binary: { base64: 'JwAB', subType: '09' } },
    { $binary: { base64: 'EAE=', subType: '9' } },
    { $uuid: uuid.replaceAll('-', '') },
    { $timestamp: { t: 1 } },
    { $timestamp: { t: -1, i: 0 } },
    { $timestamp: { t: 1, i: 4294967296 } },
    { $minKey: 2 },
    { $maxKey: true },
    { $regularExpression: { pattern: 'a', options: 'q' } },
    { $regularExpression: { pattern: 'a' } },
  ])('%j does not read', (wrapper) => {
    const [key] = Object.keys(wrapper);
    expect(filterFaults({ a: wrapper })).toEqual([`a/${key}`]);
    expect(filterFaults({ $expr: { $eq: [1, wrapper] } })).toEqual([`$expr/$eq/1/${key}`]);
  });

  test.each([
    [{ $oid: hex, x: 1 }, 'a/x'],
    [{ $oid: hex, $gt: 1 }, 'a/$gt'],
    [{ x: 1, $oid: hex }, 'a/$oid'],
    [{ $gt: 1, $oid: hex }, 'a/$oid'],
    [{ $code: 'f()' }, 'a/$code'],
    [{ $code: 'f()', $scope: {} }, 'a/$code'],
    [{ $dbPointer: { $ref: 'a', $id: { $oid: hex } } }, 'a/$dbPointer'],
    [{ $ref: 'users', $id: { $oid: hex } }, 'a/$ref'],
    [{ $symbol: 'a' }, 'a/$symbol'],
    [{ $undefined: true }, 'a/$undefined'],
  ])('%j is refused', (wrapper, at) => {
    expect(filterFaults({ a: wrapper })).toContain(at);
    expect(filterFaults({ b: { $in: [wrapper] } }).length).toBeGreaterThan(0);
  });

  test('that is very long is refused as quickly', () => {
    const long = `${'1'.repeat(500_000)}x`;
    const began = processorMs();
    for (const key of ['$numberDouble', '$numberDecimal', '$numberLong', '$date', '$oid', '$uuid'])
      expect(filterFaults({ a: { [key]: long } })).toEqual([`a/${key}`]);
    expect(processorMs() - began).toBeLessThan(2000);
  });

  test('may be the number of $limit, $skip and $size, and the way of a sort', () => {
    const number = (digits: string) => ({ $numberInt: digits });
    const pipeline = [{ $limit: number('5') }, { $skip: { $numberLong: '2' } }, { $sort: { a: number('-1') } }];
    expect(sentPipeline(pipeline)).toEqual([{ $limit: 5 }, { $skip: 2 }, { $sort: { a: -1 } }]);
    expect(sentFilter({ a: { $size: number('3') } })).toEqual({ a: { $size: 3 } });
    expect(pipelineFaults([{ $limit: number('0') }, { $sort: { a: number('2') } }])).toEqual(['0/$limit', '1/$sort/a']);
    expect(pipelineFaults([{ $limit: number('x') }, { $sort: { a: number('x') } }])).toEqual([
      '0/$limit/$numberInt',
      '1/$sort/a/$numberInt',
    ]);
  });

  test('is read after references are filled in', () => {
    expect(
      filterFaults({
        a: { $oid: hole },
        b: { $date: { $numberLong: hole } },
        c: { $binary: { base64: hole, subType: '00' } },
      }),
    ).toEqual([]);
    expect(filterFaults({ a: { $timestamp: { t: hole, i: 1 } }, b: { $numberLong: hole } })).toEqual([]);
    expect(sentFilter({ a: { $oid: filled(hex) } })).toEqual({ a: new ObjectId(hex) });
    expect(sentFilter({ a: { $oid: filled(new ObjectId(hex)) } })).toEqual({ a: new ObjectId(hex) });
    expect(sentFilter({ a: { $date: joined(['2024-01-01'], 'T00:00:00Z') } })).toEqual({
      a: new Date('2024-01-01T00:00:00Z'),
    });
    expect(sentFilter({ a: { $numberLong: filled(5) } })).toEqual({ a: new Long(5) });
    expect(sentFilter({ a: { $date: { $numberLong: filled(5) } } })).toEqual({ a: new Date(5) });
    expect(sentFilter({ a: { $in: [{ $uuid: filled(new UUID(uuid)) }] } })).toEqual({ a: { $in: [new UUID(uuid)] } });
  });

  test.each([
    ['a number', 5],
    ['a 32-bit integer', new Int32(5)],
    ['a Long', new Long(5)],
    ['a whole double', new Double(5)],
  ])('is filled in with a number of any type alike: %s', (_, five) => {
    expect(sentFilter({ a: { $timestamp: { t: filled(five), i: 0 } } })).toEqual({ a: new Timestamp({ t: 5, i: 0 }) });
    expect(sentFilter({ a: { $timestamp: { t: 0, i: filled(five) } } })).toEqual({ a: new Timestamp({ t: 0, i: 5 }) });
    expect(sentFilter({ a: { $date: { $numberLong: filled(five) } } })).toEqual({ a: new Date(5) });
    expect(sentFilter({ a: { $numberInt: filled(five) } })).toEqual({ a: new Int32(5) });
    expect(sentFilter({ a: { $numberLong: filled(five) } })).toEqual({ a: new Long(5) });
    expect(sentFilter({ a: { $numberDouble: filled(five) } })).toEqual({ a: new Double(5) });
    expect(sentFilter({ a: { $numberDecimal: filled(five) } })).toEqual({ a: Decimal128.fromString('5') });
    expect(sentFilter({ a: { $binary: { base64: '', subType: filled(five) } } })).toEqual({
      a: new Binary(Buffer.of(), 5),
    });
    expect(sentFilter({ a: { $size: filled(five) } })).toEqual({ a: { $size: 5 } });
    expect(sentPipeline([{ $limit: filled(five) }, { $skip: filled(five) }])).toEqual([{ $limit: 5 }, { $skip: 5 }]);
  });

  test.each([
    [{ $timestamp: { t: filled(new Double(1.5)), i: 1 } }, '$timestamp'],
    [{ $timestamp: { t: filled(Long.NEG_ONE), i: 1 } }, '$timestamp'],
    [{ $timestamp: { t: filled(Long.MAX_VALUE), i: 1 } }, '$timestamp'],
    [{ $timestamp: { t: filled(Decimal128.fromString('1')), i: 1 } }, '$timestamp'],
    [{ $oid: filled('nope') }, '$oid'],
    [{ $oid: filled({ $gt: 1 }) }, '$oid'],
    [{ $date: filled({ $numberLong: '5' }) }, '$date'],
    [{ $date: filled('nope') }, '$date'],
    [{ $numberInt: filled(2 ** 31) }, '$numberInt'],
    [{ $binary: filled({ base64: 'YWI=', subType: '00' }) }, '$binary'],
    [{ $binary: { base64: filled('JwAB'), subType: '09' } }, '$binary'],
    [{ $binary: { base64: 'JwAB', subType: filled('09') } }, '$binary'],
    [{ $timestamp: { t: filled('1'), i: 1 } }, '$timestamp'],
    [{ $regularExpression: { pattern: filled('a'), options: '' } }, '$regularExpression'],
  ])('does not read what does not fit, filled in (%#)', (wrapper, key) => {
    expect(filterFaults({ a: wrapper })).toEqual([`a/${key}`]);
  });
});

describe('a decimal of many digits', () => {
  test.each([
    ['zeros before it', `${'0'.repeat(6900)}1.50`, '1.50'],
    ['a sign and an exponent', `-${'0'.repeat(50)}1.5e3`, '-1.5E+3'],
    ['zeros after it', `1${'0'.repeat(60)}.0`, `1.${'0'.repeat(33)}E+60`],
    ['too many digits', `${'1'.repeat(6900)}.5`, undefined],
    ['too large a number', '1'.repeat(1_000_000), undefined],
  ])('%s: reads exactly or not at all, and quickly', (_, text, decimal) => {
    const began = processorMs();
    for (let index = 0; index < 20; index += 1) {
      for (const filter of [{ a: { $numberDecimal: text } }, { a: filled(new Digits(text)) }]) {
        expect(filterFaults(filter)).toHaveLength(decimal === undefined ? 1 : 0);
      }
    }
    expect(processorMs() - began).toBeLessThan(1000);
    if (decimal !== undefined) expect(String((sentFilter({ a: { $numberDecimal: text } }) as Sent).a)).toBe(decimal);
  });
});

interface Sent {
  readonly a: unknown;
}
