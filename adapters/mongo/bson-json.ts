import { Decimal128, BSONError } from 'bson';
import {
  binaryText,
  dateText,
  decimalText,
  doubleText,
  intText,
  longText,
  MAX_KEY_TEXT,
  MIN_KEY_TEXT,
  MOST_DATE,
  timestampText,
  undefinedText,
  type Mode,
} from '../../src/json/typed-text.ts';
import { isLoopHeld } from '../../src/budget/turns.ts';
import type { Steps, Work } from '../../src/budget/work.ts';
import {
  binaryAt,
  DOCUMENT,
  endOf,
  int32,
  int64,
  isLarge,
  LARGE,
  LIST,
  nul,
  octet,
  STRIDE,
  STRING,
} from './bson-reader.ts';
import { JsonWriter } from './json-writer.ts';

const MOST_DEPTH = 1000;
const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_DOCUMENT, CLOSE_DOCUMENT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What is small is written at once, and so in the same memory again and again. */
const scratch = new JsonWriter(LARGE);

/**
 * Writes a BSON document as JSON text, straight from its bytes: plain JSON, or Extended JSON v2
 * (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/). Throws BSONError or RangeError for
 * what is no BSON.
 */
export function bsonToJson(bytes: Buffer, mode: Mode): string {
  return valueToJson(bytes, DOCUMENT, 0, mode);
}

/** Writes one element's value; what is large in turns with others, and not yet as a text. */
export function* elementToJson(bytes: Buffer, type: number, at: number, mode: Mode): Steps<string | JsonWriter> {
  if (!isLarge(bytes, type, at)) return valueToJson(bytes, type, at, mode);
  const out = new JsonWriter(roomFor(int32(bytes, at)));
  yield* large(out, bytes, type, at, mode, 1);
  return out;
}

/** Writes documents as a list, in turns with others. */
export function* documentsToJson(documents: readonly Buffer[], mode: Mode, work: Work): Steps<JsonWriter> {
  const out = new JsonWriter(roomFor(documents.reduce((sum, { length }) => sum + length, 0)));
  out.byte(OPEN_LIST);
  for (const [index, bytes] of documents.entries()) {
    if (work.tick(1 + (bytes.length >> 6))) yield;
    if (index > 0) out.byte(COMMA);
    if (isLarge(bytes, DOCUMENT, 0)) yield* large(out, bytes, DOCUMENT, 0, mode, 1);
    else container(out, bytes, 0, false, mode, 1);
  }
  out.byte(CLOSE_LIST);
  return out;
}

/** JSON is mostly a little longer than BSON. */
function roomFor(bytes: number): number {
  return 64 + bytes + (bytes >> 2);
}

function valueToJson(bytes: Buffer, type: number, at: number, mode: Mode): string {
  value(scratch.clear(), bytes, type, at, mode, 0);
  return scratch.toString();
}

function* large(out: JsonWriter, bytes: Buffer, type: number, at: number, mode: Mode, depth: number): Steps<void> {
  if (depth > MOST_DEPTH) throw new BSONError('nested too deep');
  const list = type === LIST;
  out.byte(list ? OPEN_LIST : OPEN_DOCUMENT);
  let done = at + 4;
  let looked = done;
  while (bytes[done] !== 0) {
    const type = octet(bytes, done);
    const from = begin(out, bytes, done, list, done === at + 4);
    const end = endOf(bytes, type, from);
    if (isLarge(bytes, type, from)) yield* large(out, bytes, type, from, mode, depth + 1);
    else if (type === STRING && int32(bytes, from) >= LARGE) yield* largeString(out, bytes, from);
    else value(out, bytes, type, from, mode, depth);
    done = end;
    if (done - looked < STRIDE) continue;
    looked = done;
    if (isLoopHeld()) yield;
  }
  out.byte(list ? CLOSE_LIST : CLOSE_DOCUMENT);
}

function container(out: JsonWriter, bytes: Buffer, start: number, list: boolean, mode: Mode, depth: number): void {
  if (depth > MOST_DEPTH) throw new BSONError('nested too deep');
  out.byte(list ? OPEN_LIST : OPEN_DOCUMENT);
  let at = start + 4;
  for (let isFirst = true; ; isFirst = false) {
    const type = bytes[at];
    if (type === 0) break;
    if (type === undefined) throw new BSONError('a BSON document does not end');
    const from = begin(out, bytes, at, list, isFirst);
    at = endOf(bytes, type, from);
    value(out, bytes, type, from, mode, depth);
  }
  out.byte(list ? CLOSE_LIST : CLOSE_DOCUMENT);
}

/** Writes what stands before an element's value, and answers where that is. */
function begin(out: JsonWriter, bytes: Buffer, at: number, list: boolean, isFirst: boolean): number {
  const end = nul(bytes, at + 1);
  if (!list) out.name(bytes, at + 1, end, isFirst);
  else if (!isFirst) out.byte(COMMA);
  return end + 1;
}

function value(out: JsonWriter, bytes: Buffer, type: number, at: number, mode: Mode, depth: number): void {
  switch (type) {
    case 0x10:
      return out.ascii(intText(int32(bytes, at), mode));
    case STRING:
      return string(out, bytes, at);
    case DOCUMENT:
      return container(out, bytes, at, false, mode, depth + 1);
    case LIST:
      return container(out, bytes, at, true, mode, depth + 1);
    case 0x07:
      return id(out, bytes, at, mode);
    case 0x01:
      return out.ascii(doubleText(bytes.readDoubleLE(at), mode));
    case 0x08:
      return out.ascii(bytes[at] === 0 ? 'false' : 'true');
    case 0x09:
      return date(out, int64(bytes, at), mode);
    case 0x0a:
      return out.ascii('null');
    case 0x12: {
      const number = int64(bytes, at);
      const isCommon = mode !== 'canonical' && typeof number === 'number';
      return isCommon ? out.whole(number) : out.ascii(longText(number, mode));
    }
    case 0x13:
      return out.ascii(decimalText(new Decimal128(Uint8Array.from(bytes.subarray(at, at + 16))).toString(), mode));
    case 0x05:
      return binary(out, bytes, at, mode);
    default:
      return rare(out, bytes, type, at, mode, depth);
  }
}

/** What is seldom stored, and has one form in all modes. */
function rare(out: JsonWriter, bytes: Buffer, type: number, at: number, mode: Mode, depth: number): void {
  switch (type) {
    case 0x06:
      return out.ascii(undefinedText(mode));
    case 0x0b: {
      const end = nul(bytes, at);
      out.ascii('{"$regularExpression":{"pattern":');
      out.string(bytes, at, end);
      out.ascii(',"options":');
      out.string(bytes, end + 1, nul(bytes, end + 1));
      return out.ascii('}}');
    }
    case 0x0c:
      out.ascii('{"$dbPointer":{"$ref":');
      string(out, bytes, at);
      out.ascii(',"$id":');
      id(out, bytes, at + 4 + int32(bytes, at), 'canonical');
      return out.ascii('}}');
    case 0x0d:
    case 0x0e:
      out.ascii(type === 0x0d ? '{"$code":' : '{"$symbol":');
      string(out, bytes, at);
      return out.ascii('}');
    case 0x0f:
      out.ascii('{"$code":');
      string(out, bytes, at + 4);
      out.ascii(',"$scope":');
      container(out, bytes, at + 8 + int32(bytes, at + 4), false, mode, depth + 1);
      return out.ascii('}');
    case 0x11:
      return out.ascii(timestampText(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at)));
    case 0x7f:
      return out.ascii(MAX_KEY_TEXT);
    case 0xff:
      return out.ascii(MIN_KEY_TEXT);
    default:
      throw new BSONError('unknown BSON type');
  }
}

function string(out: JsonWriter, bytes: Buffer, at: number): void {
  out.string(bytes, at + 4, stringEnd(bytes, at));
}

function* largeString(out: JsonWriter, bytes: Buffer, at: number): Steps<void> {
  const end = stringEnd(bytes, at);
  out.byte(QUOTE);
  for (let from = at + 4; from < end;) {
    let to = Math.min(end, from + STRIDE);
    while (to < end && (octet(bytes, to) & 0xc0) === 0x80) to += 1;
    out.partOfString(bytes, from, to);
    if (isLoopHeld()) yield;
    from = to;
  }
  out.byte(QUOTE);
}

function stringEnd(bytes: Buffer, at: number): number {
  const end = at + 3 + int32(bytes, at);
  if (bytes[end] !== 0) throw new BSONError('a BSON string does not end');
  return end;
}

function id(out: JsonWriter, bytes: Buffer, at: number, mode: Mode): void {
  if (mode !== 'plain') out.ascii('{"$oid":');
  out.ascii('"');
  out.hex(bytes, at, at + 12);
  out.ascii(mode === 'plain' ? '"' : '"}');
}

function date(out: JsonWriter, milliseconds: number | bigint, mode: Mode): void {
  const isCommon = mode === 'plain' && typeof milliseconds === 'number' && Math.abs(milliseconds) <= MOST_DATE;
  if (isCommon) out.date(milliseconds);
  else out.ascii(dateText(milliseconds, mode));
}

function binary(out: JsonWriter, bytes: Buffer, at: number, mode: Mode): void {
  const { subType, start, end } = binaryAt(bytes, at);
  const isUuid = mode === 'plain' && subType === 4 && end - start === 16;
  if (isUuid) out.ascii(`"${hyphened(bytes.toString('hex', start, end))}"`);
  else out.ascii(binaryText(bytes.toString('base64', start, end), subType, mode));
}

function hyphened(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
