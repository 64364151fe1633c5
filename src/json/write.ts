import { EJSON, type Code, type DBRef, type Long } from 'bson';
import { CodapError } from '../errors.ts';
import { bsonTag, Digits, isLeaf } from './leaf.ts';
import { membersOf, plainInteger, plainLeaf, plainNumber, toBson } from './plain-leaf.ts';

const MAX_DEPTH = 1000;

/** How typed values are written: as plain JSON (CONTRACT §2), or as Extended JSON v2, relaxed or canonical. */
export type Mode = 'plain' | 'relaxed' | 'canonical';

/**
 * JSON text of data with typed leaves. Like `JSON.stringify` it leaves out undefined members, and writes null for them in a list.
 * Relaxed Extended JSON keeps every digit of a 64-bit integer. Throws BAD_RESPONSE beyond a depth of 1,000.
 */
export function writeJson(value: unknown, mode: Mode = 'plain'): string {
  return write(value, mode, 0);
}

function write(value: unknown, mode: Mode, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (mode !== 'canonical' && Number.isFinite(value)) return String(value);
      return mode === 'plain'
        ? JSON.stringify(plainNumber(value))
        : EJSON.stringify(value, { relaxed: mode === 'relaxed' });
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return writeInteger(value.toString(), mode);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Digits) return value.text;
      if (isLeaf(value)) return writeLeaf(value, mode, depth);
      if (depth >= MAX_DEPTH) throw tooDeep();
      return Array.isArray(value) ? writeList(value, mode, depth + 1) : writeObject(value, mode, depth + 1);
    default:
      return 'null';
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
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (!isData(member)) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:${write(member, mode, depth)}`;
  }
  return `${text}}`;
}

function writeLeaf(value: object, mode: Mode, depth: number): string {
  if (mode === 'plain') return write(plainLeaf(value), mode, depth);
  const tag = bsonTag(value);
  if (tag === 'Long') return writeInteger((value as Long).toString(), mode);
  if (tag === 'Code' || tag === 'DBRef') return write(membersOf(value as Code | DBRef), mode, depth);
  return EJSON.stringify(toBson(value), { relaxed: mode === 'relaxed' });
}

function writeInteger(digits: string, mode: Mode): string {
  if (mode === 'plain') return JSON.stringify(plainInteger(digits));
  return mode === 'relaxed' ? digits : `{"$numberLong":"${digits}"}`;
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
  const members: Record<string, unknown> = Object.create(null);
  for (const key of dataKeys(known)) members[key] = toPlain(known[key as never], depth + 1);
  return members;
}

/** A value as plain JSON, but what a list or an object holds as it is. */
function outside(value: unknown): unknown {
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value === 'bigint') return plainInteger(value.toString());
  if (typeof value !== 'object' || value === null) return isData(value) ? value : null;
  if (value instanceof Digits) return value.text;
  return isLeaf(value) ? outside(plainLeaf(value)) : value;
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
  const keys = dataKeys(a);
  if (keys.length !== dataKeys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(a[key as never], b[key as never], depth + 1));
}

function dataKeys(object: object): string[] {
  return Object.keys(object).filter((key) => isData(object[key as never]));
}

function isData(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

function tooDeep(): CodapError {
  return new CodapError('BAD_RESPONSE', `a value is nested deeper than ${MAX_DEPTH}`);
}
