import { EJSON } from 'bson';
import { CodapError } from '../errors.ts';
import { atOnce, Work, type Steps } from '../budget/work.ts';
import { bsonTag, Digits, isLeaf, toText } from './leaf.ts';
import { entriesOf, hasMember, keysOf, memberOf } from './members.ts';
import { isContainer, piecesOf } from './size.ts';
import { doubleText, leafText, longText, undefinedText, type Mode } from './typed-text.ts';

const MAX_DEPTH = 1000;

/**
 * JSON text of data with typed leaves, which stands so deep; undefined is BSON's. Throws BAD_RESPONSE beyond
 * a depth of 1,000.
 */
export function writeJson(value: unknown, mode: Mode = 'plain', depth = 0): string {
  return atOnce(writing(value, mode, new Work(Infinity), depth));
}

/** The same, in turns with others. */
export function* writing(value: unknown, mode: Mode, work: Work, depth = 0): Steps<string> {
  if (!isContainer(value)) return scalarText(value, mode);
  if (depth >= MAX_DEPTH) throw tooDeep();
  let text = '';
  if (Array.isArray(value)) {
    for (const member of value) {
      if (work.tick(piecesOf(member))) yield;
      if (text !== '') text += ',';
      text += isContainer(member) ? yield* writing(member, mode, work, depth + 1) : scalarText(member, mode);
    }
    return `[${text}]`;
  }
  for (const [key, member] of entriesOf(value)) {
    if (work.tick(piecesOf(member))) yield;
    if (text !== '') text += ',';
    text += `${JSON.stringify(key)}:`;
    text += isContainer(member) ? yield* writing(member, mode, work, depth + 1) : scalarText(member, mode);
  }
  return `{${text}}`;
}

function scalarText(value: unknown, mode: Mode): string {
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
      return value === null ? 'null' : leafText(value, mode);
    default:
      return undefinedText(mode);
  }
}

/**
 * A value as plain JSON, for comparing. Digits are strings, as large integers of Mongo are. What a list or an
 * object holds stays as it is.
 */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return JSON.parse(longText(value, 'plain'));
  if (typeof value !== 'object' || value === null || !isLeaf(value)) return value;
  if (value instanceof Digits || bsonTag(value) === 'ObjectId') return toText(value);
  return JSON.parse(leafText(value, 'plain'));
}

/**
 * Whether the plain JSON of two values is the same, whatever the order of keys. A Long beyond 2^53 equals its
 * string. Copies nothing.
 */
export function* comparing(one: unknown, other: unknown, work: Work, depth = 0): Steps<boolean> {
  const a = plain(one);
  const b = plain(other);
  if (work.tick(piecesOf(a))) yield;
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (depth >= MAX_DEPTH) throw tooDeep();
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) {
    if (a.length !== (b as unknown[]).length) return false;
  } else if (keysOf(a).length !== keysOf(b).length) return false;
  // A list of very many members is not copied with its indices.
  for (const [key, member] of Array.isArray(a) ? a.entries() : entriesOf(a)) {
    if (typeof key === 'string' && !hasMember(b, key)) return false;
    const mine = plain(member);
    const theirs = plain(typeof key === 'string' ? memberOf(b, key) : (b as unknown[])[key]);
    // Most members are no containers, and need no steps of their own.
    if (typeof mine === 'object' && mine !== null) {
      if (!(yield* comparing(mine, theirs, work, depth + 1))) return false;
    } else {
      if (work.tick(piecesOf(mine))) yield;
      if (mine !== theirs) return false;
    }
  }
  return true;
}

function tooDeep(): CodapError {
  return new CodapError('BAD_RESPONSE', `a value is nested deeper than ${MAX_DEPTH}`);
}
