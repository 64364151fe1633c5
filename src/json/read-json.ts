import type { Steps, Work } from '../budget/work.ts';
import { isOutOfRange, isWrittenAs } from './digits.ts';
import { isExactInteger } from './exact.ts';
import { Digits } from './leaf.ts';
import { put, trimmed } from './members.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Characters of a number that a double holds whatever they are; of one that reads as zero, and is zero. */
const SURE = 15;
const SURE_OF_ZERO = 5;

/**
 * Bytes that V8 takes for what is read, as the heap grew by 200,000 of each: an object is 56 and has room for
 * four members, the others take 8 to 54; a short list that is closed is 48 and 8 a member, where a longer one
 * keeps room to grow; a string that is a part of the text, or short, takes 24 or 32, one character none. What
 * objects of ever new keys take beside that, and numbers with a fraction in objects, is not told apart: all
 * in all it is right within a factor of two or so.
 */
const CONTAINER = 56;
const IN_OBJECT = 16;
const IN_LIST = 12;
const STRING = 32;
const DIGITS = 64;
const MAP = 128;

/** Bytes that are counted together. */
const TOGETHER = 65_536;

/** Characters of a number from which on it is looked for by other means. */
const LONG_NUMBER = 32;

/**
 * About how many bytes V8 takes for what `JSON.parse` makes of so many bytes of text with so many members, of
 * which each list or object counts as two: objects of five members take 24 a member, lists 56 each.
 */
export function parsedBytes(members: number, bytes: number): number {
  return 24 * members + bytes;
}

/** How many members the lists and objects of JSON have, each of which counts as one more. */
export function membersIn(json: string): number {
  let members = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(json, at) - 1;
    else if (code === COMMA) members += 1;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) members += 2;
  }
  return members;
}

/** An object or list that is being read: what it has so far, and in an object the key that comes next. */
interface Open {
  readonly list: unknown[] | undefined;
  object: object;
  key: string;
  size: number;
}

/** A whole part that is beyond ±2^53 by its length alone. */
const BEYOND = /^-?\d{17}/;
const REST_OF_NUMBER = /[-+.\deE]*/y;

/** Members beyond which an object is a Map: JavaScript's own objects of very many keys are slow to list. */
const MANY = 500;

/**
 * JSON that was checked (`JsonCheck`, `scan`), as data, in turns with others: keys keep their order, and
 * numbers that a double would take for another integer, or that are out of its range, are Digits, unless all
 * are meant to be doubles. What it takes is counted as it is made, the text too, and added to the tally. The
 * check has bounded its depth: what is closed at once takes no turns.
 */
export function* readJson(
  text: string,
  work: Pick<Work, 'tick' | 'opens'>,
  tally: { bytes: number } = { bytes: 0 },
  areDoubles = false,
): Steps<unknown> {
  const open: Open[] = [];
  let at = 0;
  let bytes = text.length;
  for (;;) {
    if (bytes >= TOGETHER) {
      work.opens(bytes);
      tally.bytes += bytes;
      bytes = 0;
    }
    const code = text.charCodeAt(at);
    let value: unknown;
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      // A container takes more room than any other member.
      if (work.tick(2)) yield;
      bytes += CONTAINER;
      open.push({ list: code === OPEN_LIST ? [] : undefined, object: {}, key: '', size: 0 });
      at = skip(text, at + 1);
      const next = text.charCodeAt(at);
      if (next !== CLOSE_LIST && next !== CLOSE_OBJECT) {
        if (code === OPEN_OBJECT) at = readKey(text, at, open[open.length - 1] as Open);
        continue;
      }
      const { list, object } = open.pop() as Open;
      value = list ?? object;
      at += 1;
    } else if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (work.tick(1 + ((end - at) >> 6))) yield;
      value = stringAt(text, at, end);
      if (end - at > 3) bytes += STRING;
      at = end;
    } else if (code === 0x74 || code === 0x66 || code === 0x6e) {
      if (work.tick()) yield;
      value = code === 0x6e ? null : code === 0x74;
      at += code === 0x66 ? 5 : 4;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = numberEnd(text, at);
      if (work.tick(1 + ((end - at) >> 6))) yield;
      value = numberOf(text.slice(at, end), areDoubles);
      if (typeof value === 'object') bytes += DIGITS;
      at = end;
    } else {
      at += 1;
      continue;
    }
    // The value is there: it is put where it belongs, and what ends after it, too.
    for (;;) {
      at = skip(text, at);
      const top = open[open.length - 1];
      if (!top) {
        work.opens(bytes);
        tally.bytes += bytes;
        return value;
      }
      if (top.list) {
        top.list.push(value);
        bytes += IN_LIST;
      } else {
        if (top.size++ === MANY && !(top.object instanceof Map)) top.object = new Map(Object.entries(top.object));
        const object = put(top.object, top.key, value);
        bytes += IN_OBJECT;
        if (object !== top.object) bytes += MAP;
        top.object = object;
      }
      const next = text.charCodeAt(at);
      at = skip(text, at + 1);
      if (next === COMMA) {
        if (!top.list) at = readKey(text, at, top);
        break;
      }
      value = top.list ? trimmed(top.list) : top.object;
      open.pop();
    }
  }
}

/** Reads a key; answers where its value begins. */
function readKey(text: string, at: number, into: Open): number {
  const end = stringEnd(text, at);
  into.key = stringAt(text, at, end);
  return skip(text, skip(text, end) + 1);
}

/** Where white space that may stand at `start` ends. */
export function skip(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;)
    code = text.charCodeAt(++at);
  return at;
}

/** Where the string ends whose opening quote is at `start`. */
export function stringEnd(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at + 1;
  }
}

function stringAt(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end - 1);
  return inside.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inside;
}

function numberEnd(text: string, start: number): number {
  let at = start + 1;
  for (const most = start + LONG_NUMBER; at < most; at++) {
    const code = text.charCodeAt(at);
    const isPart = (code >= ZERO && code <= NINE) || code === DOT || (code | 0x20) === 0x65 || code === 0x2b;
    if (!isPart && code !== MINUS) return at;
  }
  REST_OF_NUMBER.lastIndex = at;
  REST_OF_NUMBER.test(text);
  return REST_OF_NUMBER.lastIndex;
}

/** A number; Digits where a double would not hold it. */
function numberOf(text: string, areDoubles: boolean): number | Digits {
  if (text.length > SURE) return areDoubles ? Number(text) : longNumberOf(text);
  const number = Number(text);
  if ((number !== 0 || text.length <= SURE_OF_ZERO) && Number.isFinite(number)) return number;
  return isOutOfRange(text) ? new Digits(text) : number;
}

/**
 * The same of one that is long: an integer beyond 2^53, also before a point; what is out of range; and what
 * a double takes for another integer, whether it has a fraction or an exponent.
 */
function longNumberOf(text: string): number | Digits {
  if (!/[eE]/.test(text)) {
    // It takes a while to read a very long one, and most of those no double holds.
    if (BEYOND.test(text)) return new Digits(text);
    const [whole = ''] = /^-?\d+/.exec(text) ?? [];
    if (!isExactInteger(whole)) return new Digits(text);
    if (whole.length === text.length) return Number(text);
  }
  const number = Number(text);
  const isSame = Number.isInteger(number) ? isWrittenAs(number, text) : Number.isFinite(number);
  return isSame ? number : new Digits(text);
}
