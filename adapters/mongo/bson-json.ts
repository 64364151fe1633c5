import { Decimal128, BSONError } from 'bson';
import { endOf, int32, nul, octet, utf8 } from './bson-reader.ts';
import { isoText } from './iso-text.ts';
import type { Mode } from './query.ts';

const MOST_DEPTH = 1000;

/**
 * Writes a BSON document as JSON text, straight from its bytes: plain JSON as CONTRACT §2 has it, or Extended JSON v2
 * (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/). Throws BSONError or RangeError for what is no BSON.
 */
export function bsonToJson(bytes: Buffer, mode: Mode): string {
  return container(bytes, 0, false, mode, 1);
}

/** Writes one element's value. */
export function elementToJson(bytes: Buffer, type: number, at: number, mode: Mode): string {
  return value(bytes, type, at, mode, 1);
}

function container(bytes: Buffer, start: number, list: boolean, mode: Mode, depth: number): string {
  if (depth > MOST_DEPTH) throw new BSONError('nested too deep');
  let at = start + 4;
  let text = list ? '[' : '{';
  for (let first = true; ; first = false) {
    const type = bytes[at];
    if (type === 0) break;
    if (type === undefined) throw new BSONError('a BSON document does not end');
    const nameEnd = nul(bytes, at + 1);
    if (!first) text += ',';
    if (!list) text += `${key(bytes, at + 1, nameEnd)}:`;
    const end = endOf(bytes, type, nameEnd + 1);
    text += value(bytes, type, nameEnd + 1, mode, depth);
    at = end;
  }
  return text + (list ? ']' : '}');
}

function value(bytes: Buffer, type: number, at: number, mode: Mode, depth: number): string {
  switch (type) {
    case 0x10:
      return integer(int32(bytes, at), mode);
    case 0x02:
      return string(bytes, at);
    case 0x03:
      return container(bytes, at, false, mode, depth + 1);
    case 0x04:
      return container(bytes, at, true, mode, depth + 1);
    case 0x07:
      return mode === 'plain' ? `"${hex(bytes, at, at + 12)}"` : `{"$oid":"${hex(bytes, at, at + 12)}"}`;
    case 0x01:
      return double(bytes.readDoubleLE(at), mode);
    case 0x08:
      return bytes[at] === 0 ? 'false' : 'true';
    case 0x09:
      return date(int64(bytes, at), mode);
    case 0x0a:
      return 'null';
    case 0x12:
      return long(int64(bytes, at), mode);
    case 0x13:
      return decimal(bytes.subarray(at, at + 16), mode);
    case 0x05:
      return binary(bytes, at, mode);
    default:
      return rare(bytes, type, at, mode, depth);
  }
}

/** What is seldom stored, and has one form in all modes. */
function rare(bytes: Buffer, type: number, at: number, mode: Mode, depth: number): string {
  switch (type) {
    case 0x06:
      return mode === 'plain' ? 'null' : '{"$undefined":true}';
    case 0x0b: {
      const end = nul(bytes, at);
      const pattern = JSON.stringify(utf8(bytes, at, end));
      const options = JSON.stringify(utf8(bytes, end + 1, nul(bytes, end + 1)));
      return `{"$regularExpression":{"pattern":${pattern},"options":${options}}}`;
    }
    case 0x0c: {
      const id = at + 4 + int32(bytes, at);
      return `{"$dbPointer":{"$ref":${string(bytes, at)},"$id":{"$oid":"${hex(bytes, id, id + 12)}"}}}`;
    }
    case 0x0d:
      return `{"$code":${string(bytes, at)}}`;
    case 0x0e:
      return `{"$symbol":${string(bytes, at)}}`;
    case 0x0f: {
      const scope = at + 8 + int32(bytes, at + 4);
      return `{"$code":${string(bytes, at + 4)},"$scope":${container(bytes, scope, false, mode, depth + 1)}}`;
    }
    case 0x11:
      return `{"$timestamp":{"t":${bytes.readUInt32LE(at + 4)},"i":${bytes.readUInt32LE(at)}}}`;
    case 0x7f:
      return '{"$maxKey":1}';
    case 0xff:
      return '{"$minKey":1}';
    default:
      throw new BSONError('unknown BSON type');
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Buffer, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += HEX[octet(bytes, at)];
  return text;
}

// The keys of a collection's documents are few, and the same again and again: found by a hash of their bytes, and compared.
const keys: { readonly bytes: Buffer; readonly json: string }[] = [];
const KEY_SLOTS = 4096;
const MOST_KEY_BYTES = 64;
// Up to here a loop is faster than a call into Node's C++.
const MOST_SHORT = 16;

function key(bytes: Buffer, from: number, to: number): string {
  let slot = to - from;
  for (let at = from; at < to; at++) slot = (slot * 31 + octet(bytes, at)) & (KEY_SLOTS - 1);
  const known = keys[slot];
  if (known && same(known.bytes, bytes, from, to)) return known.json;
  const json = JSON.stringify(utf8(bytes, from, to));
  if (to - from <= MOST_KEY_BYTES) keys[slot] = { bytes: Buffer.from(bytes.subarray(from, to)), json };
  return json;
}

function same(known: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let at = from; at < to; at++) if (known[at - from] !== bytes[at]) return false;
  return true;
}

function string(bytes: Buffer, at: number): string {
  const from = at + 4;
  const end = at + 3 + int32(bytes, at);
  if (bytes[end] !== 0) throw new BSONError('a BSON string does not end');
  return isBare(bytes, from, end) ? `"${ascii(bytes, from, end)}"` : JSON.stringify(utf8(bytes, from, end));
}

function ascii(bytes: Buffer, from: number, to: number): string {
  if (to - from > MOST_SHORT) return bytes.toString('latin1', from, to);
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(octet(bytes, at));
  return text;
}

/** True for ASCII that JSON writes without escapes. */
function isBare(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = octet(bytes, at);
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

function integer(number: number, mode: Mode): string {
  return mode === 'canonical' ? `{"$numberInt":"${number}"}` : String(number);
}

function double(number: number, mode: Mode): string {
  if (mode === 'canonical') return `{"$numberDouble":"${exactly(number)}"}`;
  if (Number.isFinite(number)) return String(number);
  return mode === 'plain' ? `"${number}"` : `{"$numberDouble":"${number}"}`;
}

function exactly(number: number): string {
  if (Object.is(number, -0)) return '-0.0';
  return Number.isInteger(number) ? number.toFixed(1) : String(number);
}

// Up to here a double holds every integer.
const EXACT = 2 ** 53;

/** A 64-bit integer: a bigint, which is slow, only where a number does not hold it. */
function int64(bytes: Buffer, at: number): number | bigint {
  const number = int32(bytes, at + 4) * 2 ** 32 + (int32(bytes, at) >>> 0);
  return -EXACT < number && number < EXACT ? number : bytes.readBigInt64LE(at);
}

function long(number: number | bigint, mode: Mode): string {
  if (mode === 'canonical') return `{"$numberLong":"${number}"}`;
  const exact = -EXACT <= number && number <= EXACT;
  return mode === 'relaxed' || exact ? String(number) : `"${number}"`;
}

function decimal(bytes: Buffer, mode: Mode): string {
  const digits = new Decimal128(Uint8Array.from(bytes)).toString();
  return mode === 'plain' ? `"${digits}"` : `{"$numberDecimal":"${digits}"}`;
}

const YEAR_10000 = 253_402_300_800_000;
const MOST_DATE = 8_640_000_000_000_000;

function date(milliseconds: number | bigint, mode: Mode): string {
  const holds =
    mode === 'plain'
      ? -MOST_DATE <= milliseconds && milliseconds <= MOST_DATE
      : 0 <= milliseconds && milliseconds < YEAR_10000;
  if (mode === 'canonical' || !holds) return `{"$date":{"$numberLong":"${milliseconds}"}}`;
  const iso = isoText(Number(milliseconds));
  return mode === 'plain' ? `"${iso}"` : `{"$date":"${iso.endsWith('.000Z') ? iso.replace('.000Z', 'Z') : iso}"}`;
}

function binary(bytes: Buffer, at: number, mode: Mode): string {
  const end = at + 5 + int32(bytes, at);
  const subType = bytes.readUInt8(at + 4);
  // The old binary subtype 2 holds its length once more.
  const start = at + (subType === 2 ? 9 : 5);
  if (mode === 'plain' && subType === 4 && end - start === 16) return `"${hyphened(hex(bytes, start, end))}"`;
  const base64 = bytes.toString('base64', start, end);
  return mode === 'plain'
    ? `"${base64}"`
    : `{"$binary":{"base64":"${base64}","subType":"${subType.toString(16).padStart(2, '0')}"}}`;
}

function hyphened(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
