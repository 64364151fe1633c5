import { atOnce, type Steps, Work } from '../budget/work.ts';
import { membersIn, parsedBytes, readJson } from './read-json.ts';

/** Characters from which on JSON is read in turns. */
const LARGE = 65_536;

// Numbers that a double may change: sixteen digits that are no fraction, or before an exponent; an exponent
// of three digits; a fraction behind many digits, or near an integer.
const MAY_NOT_FIT = /(?<![\d.])\d{16}|[\d.]{16}[eE]|\d[eE][+-]?\d{3}|(?=[\d.]{17})\d{8,15}\.|\.(?:0{8}|9{8})/;
// A key that JavaScript's own objects may move, each digit written as such or as \u003x.
const MAY_MOVE = /"(?:\d|\\u003\d)+"\s*:/;

/** JSON that was checked, as data, at once: what `readJson` reads in turns. */
export function parseExact(text: string): unknown {
  return atOnce(parseInTurns(text, new Work(Infinity), 0));
}

/** JSON of a request, in turns with others, in which `scan` found no fault: all its numbers are doubles. */
export function parseScanned(text: string, work: Pick<Work, 'tick' | 'opens'>, members?: number): Steps<unknown> {
  return parseInTurns(text, work, members, true);
}

/**
 * JSON that was checked, as data, in turns with others where it is long, and counted; `members` says what
 * `membersIn` would find, and `areDoubles` that no number loses a digit as one.
 */
export function* parseInTurns(
  text: string,
  work: Pick<Work, 'tick' | 'opens'>,
  members?: number,
  areDoubles = false,
): Steps<unknown> {
  const mayDiffer = text.length >= LARGE || MAY_MOVE.test(text) || (!areDoubles && MAY_NOT_FIT.test(text));
  if (mayDiffer) return yield* readJson(text, work, undefined, areDoubles);
  work.opens(parsedBytes(members ?? membersIn(text), text.length));
  return JSON.parse(text);
}
