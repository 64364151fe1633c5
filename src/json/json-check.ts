import { isUtf8 } from 'node:buffer';
import { CodapError } from '../errors.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What a byte is inside a string: 0 an ordinary one, else one at which to look closer. */
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);
const ESCAPED = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9a-f]/i.test(String.fromCharCode(byte)) ? 1 : 0));

/**
 * Up to so many characters a double holds any number without an exponent; and from so many on an exponent may
 * put one out of range.
 */
const SURE = 15;
const LEAST = 5;

/** Bytes of a string that are looked at one by one, because most strings are short. */
const FEW = 64;

/** What may come next. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const AFTER = 4;

/**
 * Checks the JSON of a store (RFC 8259) as the bytes it came as, without making anything of it: a little at a
 * time, so that a large text keeps nobody waiting.
 */
export class JsonCheck {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  /** Of each open container: whether it is an object. */
  readonly #objects: boolean[] = [];
  #at = 0;
  #next = VALUE;
  /** Whether it is inside a string, which stands where `#next` says. */
  #inString = false;
  #members = 0;
  #isPlain = true;

  /**
   * Throws BAD_RESPONSE for what is not UTF-8. A container is one deeper than what it stands in; the
   * outermost is 1.
   */
  constructor(bytes: Uint8Array, maxDepth = 1000) {
    if (!isUtf8(bytes)) throw new CodapError('BAD_RESPONSE', 'JSON that is not UTF-8');
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
  }

  /** How many members its lists and objects have by now; each of these counts as one more. */
  get members(): number {
    return this.#members;
  }

  /**
   * Whether `JSON.parse` keeps it as it is: no key that an object may move, no number that a double may not
   * hold.
   */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /**
   * Goes on for about so many bytes; true at the end. Throws BAD_RESPONSE for what is not JSON, or nested too
   * deep.
   */
  go(count = Infinity): boolean {
    const bytes = this.#bytes;
    const most = Math.min(bytes.length, this.#at + count);
    let at = this.#at;
    let next = this.#next;
    let inString = this.#inString;
    let members = 0;
    while (at < most) {
      const byte = inString ? QUOTE : (bytes[at] as number);
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++;
      else if (next === AFTER) {
        if (this.#objects.length === 0) throw notJson();
        const inObject = this.#objects[this.#objects.length - 1];
        if (byte === COMMA) {
          next = inObject ? KEY : VALUE;
          members++;
        } else if (byte === (inObject ? CLOSE_OBJECT : CLOSE_LIST)) this.#objects.pop();
        else throw notJson();
        at++;
      } else if (byte === QUOTE) {
        if (next >= KEY && !inString && mayMove(bytes[at + 1] as number)) this.#isPlain = false;
        at = stringEnd(bytes, inString ? at : at + 1, most);
        inString = at < 0;
        if (inString) at = ~at;
        else if (next >= KEY) {
          at = colonEnd(bytes, at);
          next = VALUE;
        } else next = AFTER;
      } else if (next >= KEY) {
        if (next === KEY || byte !== CLOSE_OBJECT) throw notJson();
        this.#objects.pop();
        next = AFTER;
        at++;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (this.#objects.length >= this.#maxDepth)
          throw new CodapError('BAD_RESPONSE', `the store answered JSON nested deeper than ${this.#maxDepth}`);
        this.#objects.push(byte === OPEN_OBJECT);
        members += 2;
        next = byte === OPEN_OBJECT ? KEY_OR_END : VALUE_OR_END;
        at++;
      } else if (next === VALUE_OR_END && byte === CLOSE_LIST) {
        this.#objects.pop();
        next = AFTER;
        at++;
      } else {
        const end = scalarEnd(bytes, at);
        if (end - at > SURE) this.#isPlain = false;
        else if (end - at >= LEAST && byte <= NINE && hasExponent(bytes, at, end)) this.#isPlain = false;
        at = end;
        next = AFTER;
      }
    }
    this.#at = at;
    this.#next = next;
    this.#inString = inString;
    this.#members += members;
    if (at < bytes.length) return false;
    if (next !== AFTER || this.#objects.length > 0) throw notJson();
    return true;
  }
}

/** Whether a key that begins so may look like an integer: by a digit, or an escape that may be one. */
function mayMove(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === BACKSLASH;
}

/** A number of few digits is out of range only by its exponent. */
function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (((bytes[at] as number) | 0x20) === 0x65) return true;
  return false;
}

function notJson(): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered something that is not JSON');
}

/**
 * Where a string ends that goes on at `start`; if it does not by `most`, the complement (`~`) of how far it
 * was looked at.
 */
function stringEnd(bytes: Uint8Array, start: number, most: number): number {
  let at = start;
  for (;;) {
    const few = at + FEW;
    while (IN_STRING[bytes[at] as number] === 0 && at < few) at++;
    if (at === few) at = ordinaryEnd(bytes, at, most);
    if (at >= most) return ~at;
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) throw notJson();
    const letter = bytes[at + 1] as number;
    if (letter === 0x75) {
      for (let digit = at + 2; digit < at + 6; digit++) if (HEX[bytes[digit] as number] !== 1) throw notJson();
      at += 6;
    } else if (ESCAPED[letter] === 1) at += 2;
    else throw notJson();
  }
}

/**
 * Where the first byte is, from `start` on, at which to look closer, or `most`. They are read four at a time:
 * in a word the high bit of each such byte is marked, and perhaps that of one above it, which costs but
 * another look.
 */
function ordinaryEnd(bytes: Uint8Array, start: number, most: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = most - 4;
  let at = start;
  for (; at <= last; at += 4) {
    const word = words.getInt32(at, true);
    const quote = word ^ 0x22222222;
    const backslash = word ^ 0x5c5c5c5c;
    const control = (word - 0x20202020) & ~word;
    if ((control | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) break;
  }
  while (at < most && IN_STRING[bytes[at] as number] === 0) at++;
  return at;
}

/** The position after the colon that follows a key. */
function colonEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  if (bytes[at] !== COLON) throw notJson();
  return at + 1;
}

/** Where a number, `true`, `false` or `null` ends. */
function scalarEnd(bytes: Uint8Array, start: number): number {
  switch (bytes[start]) {
    case 0x74:
      return literalEnd(bytes, start, 'true');
    case 0x66:
      return literalEnd(bytes, start, 'false');
    case 0x6e:
      return literalEnd(bytes, start, 'null');
    default:
      return numberEnd(bytes, start);
  }
}

function literalEnd(bytes: Uint8Array, start: number, literal: string): number {
  for (let at = 1; at < literal.length; at++) if (bytes[start + at] !== literal.charCodeAt(at)) throw notJson();
  return start + literal.length;
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === ZERO ? at + 1 : digitsEnd(bytes, at);
  if (bytes[at] === DOT) at = digitsEnd(bytes, at + 1);
  if (((bytes[at] as number) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    at = digitsEnd(bytes, sign === 0x2b || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  if (at === start) throw notJson();
  return at;
}
