import type { BSONRegExp, ObjectId } from 'bson';
import { bsonTag, Digits, isLeaf, numberText } from './leaf.ts';
import { leafText } from './typed-text.ts';
import { Wrapped } from './wrapped.ts';

/** Characters beyond which no more of a value is written. */
const MOST = 65_536;
/** Stands before each character that takes more than a byte, and before itself. */
const WIDE = 0xff;
const [QUOTE, COMMA, LEAF, ID] = [0x22, 0x2c, 0x40, 0x23];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What is written, one byte a character: a string of many small ones is slower to make and to look up. */
const written = Buffer.allocUnsafeSlow(MOST);
let length = 0;
let standIn: (noData: object) => unknown = refuse;

/**
 * A text that two values have in common only if they are the same, types and order of keys included: a key to
 * find one by the other. What was filled in is the value that it is. Undefined for a value so large that
 * looking at all of it is too much work. Of what is no data, what stands in for it is written; unless told,
 * TypeError is thrown.
 */
export function canonical(value: unknown, standsIn: (noData: object) => unknown = refuse): string | undefined {
  length = 0;
  standIn = standsIn;
  write(value);
  return length > MOST ? undefined : written.toString('latin1', 0, length);
}

function refuse(): never {
  throw new TypeError('no data');
}

function write(value: unknown): void {
  switch (typeof value) {
    case 'string':
      return addSized(value);
    case 'number':
      return add(numberText(value));
    case 'bigint':
      return add(`${value}n`);
    case 'boolean':
    case 'undefined':
      return add(String(value));
    case 'object':
      if (value === null) return add('null');
      if (Array.isArray(value)) return writeList(value);
      if (value instanceof Map) return writeMap(value as Map<string, unknown>);
      if (isMembers(value)) return writeMembers(value);
      return value instanceof Wrapped ? write(value.value) : writeLeaf(value);
    default:
      return refuse();
  }
}

function writeList(list: readonly unknown[]): void {
  byte(OPEN_LIST);
  for (const member of list) {
    if (length > MOST) return;
    write(member);
    byte(COMMA);
  }
  byte(CLOSE_LIST);
}

function writeMembers(members: Readonly<Record<string, unknown>>): void {
  byte(OPEN_OBJECT);
  for (const key in members) {
    if (length > MOST) return;
    addSized(key);
    write(members[key]);
    byte(COMMA);
  }
  byte(CLOSE_OBJECT);
}

function writeMap(members: ReadonlyMap<string, unknown>): void {
  byte(OPEN_OBJECT);
  for (const [key, member] of members) {
    if (length > MOST) return;
    addSized(key);
    write(member);
    byte(COMMA);
  }
  byte(CLOSE_OBJECT);
}

/** Whether all that an object holds are its members. */
function isMembers(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function writeLeaf(value: object): void {
  byte(LEAF);
  switch (bsonTag(value)) {
    case 'ObjectId':
      byte(ID);
      // What most documents are asked for by: its digits would take several times as long.
      for (const octet of (value as ObjectId).id) byte(octet);
      return;
    case 'BSONRegExp':
      addSized((value as BSONRegExp).pattern);
      return addSized((value as BSONRegExp).options);
    default:
      if (!isLeaf(value)) return write(standIn(value));
      // Where they are sent, Digits are no Long.
      add(value instanceof Digits ? value.text : leafText(value, 'canonical'));
  }
}

/** A string or key has its length in front, and needs no escapes: where it ends is known. */
function addSized(text: string): void {
  add(String(text.length));
  byte(QUOTE);
  add(text);
}

function add(text: string): void {
  let end = length;
  if (end + text.length > MOST) end = MOST + 1;
  else
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= WIDE) {
        written[end++] = WIDE;
        written[end++] = code >> 8;
      }
      written[end++] = code;
    }
  length = end;
}

function byte(code: number): void {
  written[length++] = code;
}
