import { EJSON } from 'bson';
import { CodapError } from '../errors.ts';
import { bsonTag, Digits, isLeaf, toText } from './leaf.ts';
import { entriesOf, hasMember, keysOf, memberOf, put } from './members.ts';
import { doubleText, leafText, longText, undefinedText, type Mode } from './typed-text.ts';

const MAX_DEPTH = 1000;

/** JSON text of data with typed leaves; undefined is BSON's. Throws BAD_RESPONSE beyond a depth of 1,000. */
export function writeJson(value: unknown, mode: Mode = 'plain'): string {
  return write(value, mode, 0);
}

function write(value: unknown, mode: Mode, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return mode === 'canonical' ? EJSON.stringify(value, { relaxed: false }) : doubleText(value, mode);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return longText(value, mode);
    case 'object':
      if (value === null) return 'null';
      if (isLeaf(value)) return leafText(value, mode);
      if (depth >= MAX_DEPTH) throw tooDeep();
      return Array.isArray(value) ? writeList(value, mode, depth + 1) : writeObject(value, mode, depth + 1);
    default:
      return undefinedText(mode);
  }
}

function writeList(list: readonly unknown[], mode: Mode, depth: number): string {
  let text = '[';
  for (let index = 0; index < list.length; index++) {
    if (index > 0) text += ',';
    text += write(list[index], mode, depth);
  }
  return `${text}]`;
}

function writeObject(value: object, mode: Mode, depth: number): string {
  let text = '{';
  for (const [key, member] of entriesOf(value)) {
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:${write(member, mode, depth)}`;
  }
  return `${text}}`;
}

/** The plain JSON of a value as data, for comparing: as `writeJson` writes it, but Digits are strings, as large integers of Mongo are. */
export function plain(value: unknown): unknown {
  return toPlain(value, 0);
}

function toPlain(value: unknown, depth: number): unknown {
  const known = outside(value);
  if (typeof known !== 'object' || known === null) return known;
  if (depth >= MAX_DEPTH) throw tooDeep();
  if (Array.isArray(known)) return known.map((member) => toPlain(member, depth + 1));
  let members: object = {};
  for (const [key, member] of entriesOf(known)) members = put(members, key, toPlain(member, depth + 1));
  return members;
}

/** A value as plain JSON, but what a list or an object holds as it is. */
function outside(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return JSON.parse(longText(value, 'plain'));
  if (typeof value !== 'object' || value === null || !isLeaf(value)) return value;
  if (value instanceof Digits || bsonTag(value) === 'ObjectId') return toText(value);
  return JSON.parse(leafText(value, 'plain'));
}

/** Whether the plain JSON of two values is the same, whatever the order of keys: a Long beyond 2^53 equals its string. Copies nothing. */
export function equalPlain(a: unknown, b: unknown): boolean {
  return isSame(a, b, 0);
}

function isSame(one: unknown, other: unknown, depth: number): boolean {
  const a = outside(one);
  const b = outside(other);
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (depth >= MAX_DEPTH) throw tooDeep();
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((member, index) => isSame(member, b[index], depth + 1));
  }
  const keys = keysOf(a);
  if (keys.length !== keysOf(b).length) return false;
  return keys.every((key) => hasMember(b, key) && isSame(memberOf(a, key), memberOf(b, key), depth + 1));
}

function tooDeep(): CodapError {
  return new CodapError('BAD_RESPONSE', `a value is nested deeper than ${MAX_DEPTH}`);
}
