import { Decimal128, BSONError } from 'bson';
import {
  binaryText,
  dateText,
  decimalText,
  doubleText,
  idText,
  intText,
  longText,
  MAX_KEY_TEXT,
  MIN_KEY_TEXT,
  timestampText,
  undefinedText,
  type Mode,
} from '../../src/json/typed-text.ts';
import { nameAt } from './bson-name.ts';
import { isHeld } from '../../src/budget/turns.ts';
import type { Steps } from '../../src/budget/work.ts';
import { binaryAt, endOf, int32, int64, isLarge, nul, octet, STRIDE, utf8 } from './bson-reader.ts';

const MOST_DEPTH = 1000;

/**
 * Writes a BSON document as JSON text, straight from its bytes: plain JSON, or Extended JSON v2
 * (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/). Throws BSONError or RangeError for what is no BSON.
 */
export function bsonToJson(bytes: Buffer, mode: Mode): string {
  return container(bytes, 0, false, mode, 1);
}

/** Writes one element's value; what is large in turns with others. */
export function* elementToJson(bytes: Buffer, type: number, at: number, mode: Mode, depth = 1): Steps<string> {
  if (!isLarge(bytes, type, at)) return value(bytes, type, at, mode, depth);
  if (depth > MOST_DEPTH) throw new BSONError('nested too deep');
  const list = type === 0x04;
  // Each stride is made one string: what hangs together by the hundred thousand is slow to collect.
  const strides: string[] = [];
  let parts: string[] = [];
  let done = at + 4;
  let looked = done;
  while (bytes[done] !== 0) {
    const type = octet(bytes, done);
    const nameEnd = nul(bytes, done + 1);
    if (done > at + 4) parts.push(',');
    if (!list) parts.push(nameAt(bytes, done + 1, nameEnd).json, ':');
    const end = endOf(bytes, type, nameEnd + 1);
    parts.push(
      isLarge(bytes, type, nameEnd + 1)
        ? yield* elementToJson(bytes, type, nameEnd + 1, mode, depth + 1)
        : value(bytes, type, nameEnd + 1, mode, depth),
    );
    done = end;
    if (done - looked < STRIDE) continue;
    looked = done;
    strides.push(parts.join(''));
    parts = [];
    if (isHeld()) yield;
  }
  const inside = strides.join('') + parts.join('');
  return list ? `[${inside}]` : `{${inside}}`;
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
    if (!list) text += `${nameAt(bytes, at + 1, nameEnd).json}:`;
    const end = endOf(bytes, type, nameEnd + 1);
    text += value(bytes, type, nameEnd + 1, mode, depth);
    at = end;
  }
  return text + (list ? ']' : '}');
}

function value(bytes: Buffer, type: number, at: number, mode: Mode, depth: number): string {
  switch (type) {
    case 0x10:
      return intText(int32(bytes, at), mode);
    case 0x02:
      return string(bytes, at);
    case 0x03:
      return container(bytes, at, false, mode, depth + 1);
    case 0x04:
      return container(bytes, at, true, mode, depth + 1);
    case 0x07:
      return idText(hex(bytes, at, at + 12), mode);
    case 0x01:
      return doubleText(bytes.readDoubleLE(at), mode);
    case 0x08:
      return bytes[at] === 0 ? 'false' : 'true';
    case 0x09:
      return dateText(int64(bytes, at), mode);
    case 0x0a:
      return 'null';
    case 0x12:
      return longText(int64(bytes, at), mode);
    case 0x13:
      return decimalText(new Decimal128(Uint8Array.from(bytes.subarray(at, at + 16))).toString(), mode);
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
      return undefinedText(mode);
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
      return timestampText(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at));
    case 0x7f:
      return MAX_KEY_TEXT;
    case 0xff:
      return MIN_KEY_TEXT;
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

// Up to here a loop is faster than a call into Node's C++.
const MOST_SHORT = 16;

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

function binary(bytes: Buffer, at: number, mode: Mode): string {
  const { subType, start, end } = binaryAt(bytes, at);
  if (mode === 'plain' && subType === 4 && end - start === 16) return `"${hyphened(hex(bytes, start, end))}"`;
  return binaryText(bytes.toString('base64', start, end), subType, mode);
}

function hyphened(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
