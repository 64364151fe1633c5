import { atOnce, type Steps, Work } from '../budget/work.ts';
import { membersIn, parsedBytes, readJson } from './read-json.ts';

/** Characters from which on JSON is read in turns. */
const LARGE = 65_536;

// Sixteen digits that are no fraction, or an exponent of three digits: below these a double takes every
// number in, but for a fraction that begins with very many zeros.
const MAY_NOT_FIT = /(?<![\d.])\d{16}|\d[eE][+-]?\d{3}/;
const ZEROS = '0'.repeat(200);
// A key that JavaScript's own objects may move, each digit written as such or as \u003x.
const MAY_MOVE = /"(?:\d|\\u003\d)+"\s*:/;

/** JSON that was checked, as data, at once: what `readJson` reads in turns. */
export function parseExact(text: string): unknown {
  return isPlain(text) ? JSON.parse(text) : atOnce(readJson(text, new Work(Infinity)));
}

/**
 * JSON that was checked, as data, in turns with others where it is long, and counted; `members` says what
 * `membersIn` would find.
 */
export function* parseInTurns(text: string, work: Pick<Work, 'tick' | 'opens'>, members?: number): Steps<unknown> {
  if (text.length >= LARGE || !isPlain(text)) return yield* readJson(text, work);
  work.opens(parsedBytes(members ?? membersIn(text), text.length));
  return JSON.parse(text);
}

/** Whether `JSON.parse` keeps it as it is. */
function isPlain(text: string): boolean {
  return !MAY_NOT_FIT.test(text) && !text.includes(ZEROS) && !MAY_MOVE.test(text);
}
