import { CodapError } from '../errors.ts';
import { Digits, isExactInteger } from './leaf.ts';
import { entriesOf, put } from './members.ts';

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

// Sixteen digits that are no fraction, or an exponent of three digits: below these a double takes every number in.
const MAY_NOT_FIT = /(?<![\d.])\d{16}|\d[eE]\+?\d{3}/;
// An integer, or a number with a fraction; not one with an exponent.
const WHOLE_PART = /^(-?\d+)(?:\.\d+)?$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const exact: Reviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || source === undefined) return value;
  const whole = WHOLE_PART.exec(source)?.[1];
  const fits = whole === undefined ? Number.isFinite(value) : isExactInteger(whole);
  return fits ? value : new Digits(source);
};

/** Store JSON that `checkJson` let pass, as data: numbers whose whole part is beyond ±2^53, or out of range, are Digits. */
export function parseExact(text: string): unknown {
  return parseInOrder(text, MAY_NOT_FIT.test(text) ? exact : undefined);
}

// A key that may be moved, each digit written as such or as \u003x.
const MAY_MOVE = /"(?:\d|\\u003\d)+"\s*:/;
// The opening quote of such a key; of one that has marks already, too.
const MOVED = /(?<!\\)"(?=(?:#|\\u0023)*(?:\d|\\u003\d)+"\s*:)/g;
const MARKED = /^#+\d+$/;

/** JSON text as data; the order of keys holds, where `JSON.parse` would move those that look like integers. */
export function parseInOrder(text: string, reviver?: Reviver): unknown {
  const revive = reviver as ((key: string, value: unknown) => unknown) | undefined;
  if (!MAY_MOVE.test(text)) return JSON.parse(text, revive);
  // A mark before it makes such a key one that stays where it is.
  return unmarked(JSON.parse(text.replaceAll(MOVED, '"#'), revive));
}

function unmarked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Digits) return value;
  if (Array.isArray(value)) return value.map(unmarked);
  let members: object = {};
  for (const [key, member] of entriesOf(value)) {
    members = put(members, MARKED.test(key) ? key.slice(1) : key, unmarked(member));
  }
  return members;
}

/** Checks the JSON text of a store. Throws BAD_RESPONSE if it is not JSON, or nested deeper than `maxDepth`. */
export function checkJson(text: string, maxDepth = 1000): void {
  // The shortest text that is too deep opens one list too many and closes them all.
  if (text.length > 2 * maxDepth && isDeeperThan(text, maxDepth)) {
    throw new CodapError('BAD_RESPONSE', `the store answered JSON nested deeper than ${maxDepth}`);
  }
  try {
    JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new CodapError('BAD_RESPONSE', 'the store answered something that is not JSON');
  }
}

function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = closingQuote(text, at);
      if (at === -1) return false;
    } else if (char === 0x5b || char === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}

function closingQuote(text: string, opening: number): number {
  let at = opening;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return -1;
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at;
  }
}
