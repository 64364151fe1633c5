import { Decimal128, serialize } from 'bson';
import type { Mode } from '../../../src/json/typed-text.ts';

/** How values are written. */
export const MODES = ['plain', 'relaxed', 'canonical'] as const satisfies readonly Mode[];

/** One BSON value, byte for byte. */
export interface Raw {
  readonly type: number;
  readonly bytes: Buffer;
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
};
const double = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
const name = (value: string) => Buffer.concat([Buffer.from(value), Buffer.of(0)]);
const string = (value: string) => Buffer.concat([int32(Buffer.byteLength(value) + 1), name(value)]);
const binary = (subType: number, bytes: Buffer) => Buffer.concat([int32(bytes.length), Buffer.of(subType), bytes]);
const framed = (...parts: readonly Uint8Array[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
};

/** A document with these members, in this order. */
export function rawDocument(members: readonly (readonly [string, Raw])[]): Buffer {
  return framed(...members.flatMap(([key, { type, bytes }]) => [Buffer.of(type), name(key), bytes]), Buffer.of(0));
}

function written(value: unknown): Raw {
  const bytes = Buffer.from(serialize({ v: value }, { ignoreUndefined: false }));
  return { type: bytes.readUInt8(4), bytes: bytes.subarray(7, -1) };
}

const raw = (type: number, ...parts: readonly Uint8Array[]): Raw => ({ type, bytes: Buffer.concat(parts) });
const document = (...members: readonly (readonly [string, Raw])[]): Raw => raw(0x03, rawDocument(members));
const list = (...members: readonly Raw[]): Raw =>
  raw(0x04, rawDocument(members.map((member, index) => [String(index), member])));
const date = (ms: bigint) => raw(0x09, int64(ms));
const long = (value: bigint) => raw(0x12, int64(value));
const int = (value: number) => raw(0x10, int32(value));
const text = (value: string) => raw(0x02, string(value));
const id = Buffer.from('66f0c0ffee66f0c0ffee66f0', 'hex');
const oid = raw(0x07, id);
const uuid = Buffer.from('8f14e45fceea467fa4f10a1b2c3d4e5f', 'hex');
const hex = '66f0c0ffee66f0c0ffee66f0';

/** A value, and its JSON: plain, relaxed and canonical; one text for all where it is the same. */
type Row = readonly [what: string, value: Raw, json: string | readonly [string, string, string]];

/** The JSON of a row in one mode. */
export function jsonOf(json: Row[2], mode: Mode): string {
  return typeof json === 'string' ? json : (json[MODES.indexOf(mode)] as string);
}

/** Every type of BSON at its edges (https://bsonspec.org/spec.html). */
export const ROWS: readonly Row[] = [
  ['a double', raw(0x01, double(1.5)), ['1.5', '1.5', '{"$numberDouble":"1.5"}']],
  ['a whole double', raw(0x01, double(2)), ['2', '2', '{"$numberDouble":"2.0"}']],
  ['-0.0', raw(0x01, double(-0)), ['-0.0', '-0.0', '{"$numberDouble":"-0.0"}']],
  ['a large double', raw(0x01, double(1e300)), ['1e+300', '1e+300', '{"$numberDouble":"1e+300"}']],
  ['NaN', raw(0x01, double(NaN)), ['"NaN"', '{"$numberDouble":"NaN"}', '{"$numberDouble":"NaN"}']],
  [
    '-Infinity',
    raw(0x01, double(-Infinity)),
    ['"-Infinity"', '{"$numberDouble":"-Infinity"}', '{"$numberDouble":"-Infinity"}'],
  ],
  ['a string', text('a"ü\u2028'), '"a\\"ü\u2028"'],
  [
    'a document',
    document(['b', int(1)], ['a', text('x')]),
    ['{"b":1,"a":"x"}', '{"b":1,"a":"x"}', '{"b":{"$numberInt":"1"},"a":"x"}'],
  ],
  [
    'keys that look like integers',
    document(['b', text('')], ['2', text('')], ['10', text('')], ['1', text('')]),
    '{"b":"","2":"","10":"","1":""}',
  ],
  [
    'keys that JavaScript knows',
    document(['__proto__', text('')], ['constructor', text('')], ['_bsontype', text('Long')]),
    '{"__proto__":"","constructor":"","_bsontype":"Long"}',
  ],
  ['a list', list(text('a'), list(), document()), '["a",[],{}]'],
  [
    'bytes',
    raw(0x05, binary(0, Buffer.from('hi'))),
    ['"aGk="', '{"$binary":{"base64":"aGk=","subType":"00"}}', '{"$binary":{"base64":"aGk=","subType":"00"}}'],
  ],
  [
    'bytes of the old subtype',
    raw(0x05, binary(2, Buffer.concat([int32(2), Buffer.from('hi')]))),
    ['"aGk="', '{"$binary":{"base64":"aGk=","subType":"02"}}', '{"$binary":{"base64":"aGk=","subType":"02"}}'],
  ],
  [
    'a UUID',
    raw(0x05, binary(4, uuid)),
    [
      '"8f14e45f-ceea-467f-a4f1-0a1b2c3d4e5f"',
      '{"$binary":{"base64":"jxTkX87qRn+k8QobLD1OXw==","subType":"04"}}',
      '{"$binary":{"base64":"jxTkX87qRn+k8QobLD1OXw==","subType":"04"}}',
    ],
  ],
  [
    'what should be a UUID',
    raw(0x05, binary(4, Buffer.from('hi'))),
    ['"aGk="', '{"$binary":{"base64":"aGk=","subType":"04"}}', '{"$binary":{"base64":"aGk=","subType":"04"}}'],
  ],
  ['undefined', raw(0x06), ['null', '{"$undefined":true}', '{"$undefined":true}']],
  ['an id', oid, [`"${hex}"`, `{"$oid":"${hex}"}`, `{"$oid":"${hex}"}`]],
  ['a boolean', raw(0x08, Buffer.of(1)), 'true'],
  [
    'a date',
    date(1234n),
    ['"1970-01-01T00:00:01.234Z"', '{"$date":"1970-01-01T00:00:01.234Z"}', '{"$date":{"$numberLong":"1234"}}'],
  ],
  [
    'a date before 1970',
    date(-1n),
    ['"1969-12-31T23:59:59.999Z"', '{"$date":{"$numberLong":"-1"}}', '{"$date":{"$numberLong":"-1"}}'],
  ],
  [
    'the end of the year 9999',
    date(253402300799999n),
    [
      '"9999-12-31T23:59:59.999Z"',
      '{"$date":"9999-12-31T23:59:59.999Z"}',
      '{"$date":{"$numberLong":"253402300799999"}}',
    ],
  ],
  [
    'the year 10000',
    date(253402300800000n),
    [
      '"+010000-01-01T00:00:00.000Z"',
      '{"$date":{"$numberLong":"253402300800000"}}',
      '{"$date":{"$numberLong":"253402300800000"}}',
    ],
  ],
  [
    "JavaScript's last date",
    date(8640000000000000n),
    [
      '"+275760-09-13T00:00:00.000Z"',
      '{"$date":{"$numberLong":"8640000000000000"}}',
      '{"$date":{"$numberLong":"8640000000000000"}}',
    ],
  ],
  ["a date after JavaScript's", date(8640000000000001n), '{"$date":{"$numberLong":"8640000000000001"}}'],
  ["a date before JavaScript's", date(-8640000000000001n), '{"$date":{"$numberLong":"-8640000000000001"}}'],
  ['the last date', date(2n ** 63n - 1n), '{"$date":{"$numberLong":"9223372036854775807"}}'],
  ['the first date', date(-(2n ** 63n)), '{"$date":{"$numberLong":"-9223372036854775808"}}'],
  ['null', raw(0x0a), 'null'],
  [
    'a regular expression',
    raw(0x0b, name('^a"'), name('mi')),
    '{"$regularExpression":{"pattern":"^a\\"","options":"mi"}}',
  ],
  [
    'a regular expression with an option of old',
    raw(0x0b, name('a'), name('g')),
    '{"$regularExpression":{"pattern":"a","options":"g"}}',
  ],
  ['a DBPointer', raw(0x0c, string('shop.users'), id), `{"$dbPointer":{"$ref":"shop.users","$id":{"$oid":"${hex}"}}}`],
  [
    'a DBRef',
    document(['$ref', text('users')], ['$id', text('u')], ['$db', text('shop')], ['more', text('x')]),
    '{"$ref":"users","$id":"u","$db":"shop","more":"x"}',
  ],
  [
    'a DBRef in another order',
    document(['$db', text('shop')], ['$id', text('u')], ['$ref', text('users')]),
    '{"$db":"shop","$id":"u","$ref":"users"}',
  ],
  ['what looks like Extended JSON', document(['$oid', text('x')], ['$date', text('y')]), '{"$oid":"x","$date":"y"}'],
  ['code', raw(0x0d, string('f()')), '{"$code":"f()"}'],
  ['a symbol', raw(0x0e, string('s')), '{"$symbol":"s"}'],
  [
    'code with a scope',
    raw(
      0x0f,
      framed(
        string('f()'),
        rawDocument([
          ['b', text('')],
          ['1', oid],
        ]),
      ),
    ),
    [
      `{"$code":"f()","$scope":{"b":"","1":"${hex}"}}`,
      `{"$code":"f()","$scope":{"b":"","1":{"$oid":"${hex}"}}}`,
      `{"$code":"f()","$scope":{"b":"","1":{"$oid":"${hex}"}}}`,
    ],
  ],
  ['a 32-bit integer', int(-7), ['-7', '-7', '{"$numberInt":"-7"}']],
  ['a timestamp', raw(0x11, int32(-1), int32(1)), '{"$timestamp":{"t":1,"i":4294967295}}'],
  ['a 64-bit integer', long(42n), ['42', '42', '{"$numberLong":"42"}']],
  ['2^53', long(2n ** 53n), ['9007199254740992', '9007199254740992', '{"$numberLong":"9007199254740992"}']],
  [
    'an integer beyond 2^53',
    long(2n ** 53n + 1n),
    ['"9007199254740993"', '9007199254740993', '{"$numberLong":"9007199254740993"}'],
  ],
  [
    'the least 64-bit integer',
    long(-(2n ** 63n)),
    ['"-9223372036854775808"', '-9223372036854775808', '{"$numberLong":"-9223372036854775808"}'],
  ],
  [
    'a Decimal128',
    written(Decimal128.fromString('1.10')),
    ['"1.10"', '{"$numberDecimal":"1.10"}', '{"$numberDecimal":"1.10"}'],
  ],
  [
    'the Decimal128 -0E+3',
    written(Decimal128.fromString('-0E+3')),
    ['"-0E+3"', '{"$numberDecimal":"-0E+3"}', '{"$numberDecimal":"-0E+3"}'],
  ],
  ['the least key', raw(0xff), '{"$minKey":1}'],
  ['the greatest key', raw(0x7f), '{"$maxKey":1}'],
];
