import type { Double } from 'bson';
import type { Steps, Work } from '../budget/work.ts';
import { decimalOf } from './digits.ts';
import { bsonTag, Digits, isLeaf, toText } from './leaf.ts';
import { entriesOf, hasMember, keysOf, memberOf } from './members.ts';
import { piecesOf } from './size.ts';
import { leafText, longText } from './typed-text.ts';
import { MAX_DEPTH, tooDeep } from './write.ts';

/**
 * A value as plain JSON, for comparing. Digits are a number that no other type holds: they, and what a list
 * or an object holds, stay as they are.
 */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return JSON.parse(longText(value, 'plain'));
  if (typeof value !== 'object' || value === null || !isLeaf(value) || value instanceof Digits) return value;
  const tag = bsonTag(value);
  if (tag === 'ObjectId') return toText(value);
  if (tag === 'Double') return plain((value as Double).value);
  return JSON.parse(leafText(value, 'plain'));
}

/**
 * Whether the plain JSON of two values is the same, whatever the order of keys and however a number is
 * written. A Long beyond 2^53 equals its string. Copies nothing.
 */
export function* comparing(one: unknown, other: unknown, work: Work, depth = 0): Steps<boolean> {
  const a = plain(one);
  const b = plain(other);
  if (work.tick(piecesOf(a))) yield;
  if (a === b) return true;
  if (a instanceof Digits || b instanceof Digits) return yield* comparingNumbers(a, b, work);
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
    if ((typeof mine === 'object' && mine !== null) || theirs instanceof Digits) {
      if (!(yield* comparing(mine, theirs, work, depth + 1))) return false;
    } else {
      if (work.tick(piecesOf(mine))) yield;
      if (mine !== theirs) return false;
    }
  }
  return true;
}

/**
 * Whether two values, Digits among them, are one number. They equal their text, too: as such a request has to
 * write them, and MongoDB's are shown.
 */
function* comparingNumbers(one: unknown, other: unknown, work: Work): Steps<boolean> {
  const a = digitsOf(one);
  const b = digitsOf(other);
  if (a === undefined || b === undefined) return false;
  if (work.tick((a.length + b.length) >> 6)) yield;
  return a === b || (typeof one !== 'string' && typeof other !== 'string' && decimalOf(a) === decimalOf(b));
}

function digitsOf(value: unknown): string | undefined {
  return value instanceof Digits || typeof value === 'number' || typeof value === 'string' ? String(value) : undefined;
}
