import { Binary, BSONError, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { put, trimmed } from '../../src/json/members.ts';
import { MOST_DATE } from '../../src/json/typed-text.ts';
import { nameAt } from './bson-name.ts';
import { isLoopHeld } from '../../src/budget/turns.ts';
import type { Steps } from '../../src/budget/work.ts';
import {
  binaryAt,
  DOCUMENT,
  endOf,
  int32,
  int64,
  isLarge,
  LIST,
  nul,
  octet,
  STRIDE,
  STRING,
  text,
  utf8,
} from './bson-reader.ts';

function documentAt(bytes: Buffer, start: number): object {
  let document: object = {};
  for (let at = start + 4; bytes[at] !== 0;) {
    const type = octet(bytes, at);
    const name = nameAt(bytes, at + 1);
    const from = at + 2 + name.bytes.length;
    document = put(document, name.text, valueAt(bytes, type, from));
    at = endOf(bytes, type, from);
  }
  return document;
}

function listAt(bytes: Buffer, start: number): unknown[] {
  const list: unknown[] = [];
  for (let at = start + 4; bytes[at] !== 0;) {
    const type = octet(bytes, at);
    const from = nul(bytes, at + 1) + 1;
    list.push(valueAt(bytes, type, from));
    at = endOf(bytes, type, from);
  }
  return trimmed(list);
}

/**
 * Reads an element of BSON as data with typed leaves, from which `writeJson` makes the same text as
 * `elementToJson` does from its bytes; what is large in turns with others. Types are kept, so that what was
 * read can be asked for again; what cannot be asked for (patterns, code, symbols, pointers to other
 * documents, dates beyond JavaScript's) is the object that Extended JSON shows.
 */
export function* elementToValue(bytes: Buffer, type: number, start: number): Steps<unknown> {
  if (!isLarge(bytes, type, start)) return valueAt(bytes, type, start);
  const list: unknown[] | undefined = type === LIST ? [] : undefined;
  let document: object = {};
  let looked = start;
  for (let at = start + 4; bytes[at] !== 0;) {
    const type = octet(bytes, at);
    const from = nul(bytes, at + 1) + 1;
    const value = isLarge(bytes, type, from) ? yield* elementToValue(bytes, type, from) : valueAt(bytes, type, from);
    if (list) list.push(value);
    else document = put(document, nameAt(bytes, at + 1).text, value);
    at = endOf(bytes, type, from);
    if (at - looked < STRIDE) continue;
    looked = at;
    if (isLoopHeld()) yield;
  }
  return list ?? document;
}

function valueAt(bytes: Buffer, type: number, at: number): unknown {
  switch (type) {
    case 0x01:
      return double(bytes.readDoubleLE(at));
    case STRING:
      return text(bytes, at);
    case DOCUMENT:
      return documentAt(bytes, at);
    case LIST:
      return listAt(bytes, at);
    case 0x05:
      return binary(bytes, at);
    case 0x06:
      return undefined;
    case 0x07:
      return new ObjectId(bytes.subarray(at, at + 12));
    case 0x08:
      return bytes[at] !== 0;
    case 0x09:
      return date(int64(bytes, at));
    case 0x0a:
      return null;
    case 0x0b: {
      const end = nul(bytes, at);
      const options = utf8(bytes, end + 1, nul(bytes, end + 1));
      return { $regularExpression: { pattern: utf8(bytes, at, end), options } };
    }
    case 0x0c: {
      const id = at + 4 + int32(bytes, at);
      return { $dbPointer: { $ref: text(bytes, at), $id: { $oid: bytes.toString('hex', id, id + 12) } } };
    }
    case 0x0d:
      return { $code: text(bytes, at) };
    case 0x0e:
      return { $symbol: text(bytes, at) };
    case 0x0f: {
      const scope = at + 8 + int32(bytes, at + 4);
      return { $code: text(bytes, at + 4), $scope: documentAt(bytes, scope) };
    }
    case 0x10:
      return int32(bytes, at);
    case 0x11:
      return new Timestamp({ t: bytes.readUInt32LE(at + 4), i: bytes.readUInt32LE(at) });
    case 0x12:
      return new Long(int32(bytes, at), int32(bytes, at + 4));
    case 0x13:
      return new Decimal128(Uint8Array.from(bytes.subarray(at, at + 16)));
    case 0x7f:
      return new MaxKey();
    case 0xff:
      return new MinKey();
    default:
      throw new BSONError('unknown BSON type');
  }
}

/** A whole double, which as a number would be taken for an integer, keeps its type. */
function double(number: number): unknown {
  return Number.isInteger(number) && !Object.is(number, -0) ? new Double(number) : number;
}

function date(milliseconds: number | bigint): unknown {
  const fits = -MOST_DATE <= milliseconds && milliseconds <= MOST_DATE;
  return fits ? new Date(Number(milliseconds)) : { $date: { $numberLong: String(milliseconds) } };
}

function binary(bytes: Buffer, at: number): Binary {
  const { subType, start, end } = binaryAt(bytes, at);
  return new Binary(bytes.subarray(start, end), subType);
}
