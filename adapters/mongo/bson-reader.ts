import { isUtf8 } from 'node:buffer';
import { BSONError } from 'bson';
import { isUnrounded } from '../../src/json/exact.ts';

/** Bytes from which on a document, or what is nested in one, is looked through in turns with others. */
export const LARGE = 65_536;

/** Bytes of something large after which it is looked whether others should have their turn. */
export const STRIDE = 16_384;

/** The type of an embedded document; a document by itself is looked through as one. */
export const DOCUMENT = 0x03;

/** The type of a text. */
export const STRING = 0x02;

/** The type of a list. */
export const LIST = 0x04;

/** The type of a 64-bit integer. */
export const LONG = 0x12;

/** Whether an element's value is looked through in turns with others. */
export function isLarge(bytes: Buffer, type: number, at: number): boolean {
  return (type === DOCUMENT || type === LIST) && int32(bytes, at) >= LARGE;
}

/**
 * Where a BSON element's value begins and ends, by type (https://bsonspec.org/spec.html). Throws BSONError
 * for what is no BSON.
 */
export function endOf(bytes: Buffer, type: number, at: number): number {
  return within(bytes, at + sizeOf(bytes, type, at));
}

function sizeOf(bytes: Buffer, type: number, at: number): number {
  switch (type) {
    case 0x01:
    case 0x09:
    case 0x11:
    case LONG:
      return 8;
    case STRING:
    case 0x0d:
    case 0x0e:
      return 4 + length(bytes, at, 1);
    case DOCUMENT:
    case LIST:
    case 0x0f:
      return length(bytes, at, 5);
    case 0x05:
      return 5 + length(bytes, at, 0);
    case 0x06:
    case 0x0a:
    case 0x7f:
    case 0xff:
      return 0;
    case 0x07:
      return 12;
    case 0x08:
      return 1;
    case 0x0b:
      return nul(bytes, nul(bytes, at) + 1) + 1 - at;
    case 0x0c:
      return 4 + length(bytes, at, 1) + 12;
    case 0x10:
      return 4;
    case 0x13:
      return 16;
    default:
      throw new BSONError('unknown BSON type');
  }
}

function length(bytes: Buffer, at: number, least: number): number {
  const size = int32(bytes, at);
  if (size < least) throw new BSONError('a BSON length is too small');
  return size;
}

function within(bytes: Buffer, end: number): number {
  if (end > bytes.length) throw new BSONError('a BSON value ends beyond its document');
  return end;
}

// The calls into Node's C++ (indexOf, readInt32LE) cost more than these loops over a few bytes.

/** Where the next NUL stands. */
export function nul(bytes: Buffer, at: number): number {
  let found = at;
  while (bytes[found] !== 0) if (++found >= bytes.length) throw new BSONError('a BSON string does not end');
  return found;
}

/** A 32-bit integer; bytes beyond the end count as 0. */
export function int32(bytes: Buffer, at: number): number {
  return octet(bytes, at) | (octet(bytes, at + 1) << 8) | (octet(bytes, at + 2) << 16) | (octet(bytes, at + 3) << 24);
}

/** A 64-bit integer: a bigint, which is slow, only where a number does not hold it. */
export function int64(bytes: Buffer, at: number): number | bigint {
  const number = int32(bytes, at + 4) * 2 ** 32 + (int32(bytes, at) >>> 0);
  return isUnrounded(number) ? number : bytes.readBigInt64LE(at);
}

/** Where the bytes of a binary value are, and of what subtype. */
export function binaryAt(bytes: Buffer, at: number): { subType: number; start: number; end: number } {
  const end = at + 5 + int32(bytes, at);
  const subType = bytes.readUInt8(at + 4);
  // The old subtype 2 holds its length once more.
  return { subType, start: Math.min(at + (subType === 2 ? 9 : 5), end), end };
}

/** A string with its length before it. */
export function text(bytes: Buffer, at: number): string {
  const end = at + 3 + int32(bytes, at);
  if (bytes[end] !== 0) throw new BSONError('a BSON string does not end');
  return utf8(bytes, at + 4, end);
}

/** One byte, 0 beyond the end. */
export function octet(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}

/** Decodes UTF-8, which it refuses to repair. */
export function utf8(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(from, to))) throw new BSONError('a BSON string is not UTF-8');
  return text;
}

/** The elements of a BSON document: each one's type, where its name stands and where its value. */
export function* elements(bytes: Buffer): Generator<{ type: number; name: string; at: number; end: number }> {
  let at = 4;
  while (bytes[at] !== 0) {
    const type = bytes.readUInt8(at);
    const nameEnd = nul(bytes, at + 1);
    const end = endOf(bytes, type, nameEnd + 1);
    yield { type, name: utf8(bytes, at + 1, nameEnd), at: nameEnd + 1, end };
    at = end;
  }
}

/** The documents in a BSON list of documents, each its own bytes. */
export function documents(bytes: Buffer, start: number): Buffer[] {
  const found: Buffer[] = [];
  let at = start + 4;
  while (bytes[at] !== 0) {
    const from = nul(bytes, at + 1) + 1;
    const end = endOf(bytes, octet(bytes, at), from);
    found.push(bytes.subarray(from, end));
    at = end;
  }
  return found;
}

/** Bytes as a Buffer, without a copy. */
export function toBuffer(bytes: unknown): Buffer {
  if (!(bytes instanceof Uint8Array)) throw new BSONError('no document');
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
