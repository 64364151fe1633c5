import { isUtf8 } from 'node:buffer';
import { CodapError } from '../errors.ts';
import { escapeLength } from './unescape.ts';

const QUOTE = 0x22;
const PLUS = 0x2b;
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

/** Up to so many characters a double holds any number; and any that has an exponent. */
const SURE = 15;
const SURE_WITH_EXPONENT = 4;

/** Added to the first two of what may come next, where a container may end instead. */
const OR_END = 1;

/** What may come next; at the last two, what goes on. */
const VALUE = 0;
const KEY = 2;
const AFTER = 4;
const IN_KEY = 5;
const IN_STRING_VALUE = 6;

/**
 * Checks the JSON of a store (RFC 8259) as the bytes it came as, without making anything of it: a little at a
 * time, so that a large text keeps nobody waiting.
 */
export class JsonCheck {
  readonly #bytes: Uint8Array;
  /** The same bytes, to be read four at a time. */
  readonly #words: DataView;
  readonly #maxDepth: number;
  /** By depth, what comes after a comma: `VALUE` or `KEY`, and `AFTER` outside, where none may stand. */
  readonly #within = [AFTER];
  #depth = 0;
  #at = 0;
  #next = VALUE;
  #members = 0;
  #isPlain = true;

  /**
   * Throws BAD_RESPONSE for what is not UTF-8. A container is one deeper than what it stands in; the
   * outermost is 1.
   */
  constructor(bytes: Uint8Array, maxDepth = 1000) {
    if (!isUtf8(bytes)) throw new CodapError('BAD_RESPONSE', 'JSON that is not UTF-8');
    this.#bytes = bytes;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    const words = this.#words;
    const stack = this.#within;
    const most = Math.min(bytes.length, this.#at + count);
    let at = this.#at;
    let next = this.#next;
    let depth = this.#depth;
    let within = stack[depth] as number;
    while (at < most) {
      const byte = bytes[at] as number;
      if (next > AFTER || (byte === QUOTE && next < AFTER)) {
        if (next < AFTER) {
          at++;
          if (next >= KEY && mayMove(bytes[at] as number)) this.#isPlain = false;
          next = next >= KEY ? IN_KEY : IN_STRING_VALUE;
        }
        at = ordinaryEnd(bytes, words, at, most);
        if (at === most) break;
        // The string goes on by this loop: a call that reads on would have it load all it holds again.
        if (bytes[at] !== QUOTE) at = escapeEnd(bytes, at);
        else if (next === IN_STRING_VALUE) {
          at++;
          next = AFTER;
        } else {
          at = colonEnd(bytes, at + 1);
          next = VALUE;
        }
      } else if (byte === COMMA) {
        if (next !== AFTER || within === AFTER) throw notJson();
        next = within;
        this.#members++;
        at++;
      } else if (byte <= 0x20) {
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) throw notJson();
        at++;
        while (at < most && bytes[at] === 0x20) at++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (within !== (byte === CLOSE_OBJECT ? KEY : VALUE)) throw notJson();
        if (next !== AFTER && next !== within + OR_END) throw notJson();
        within = stack[--depth] as number;
        next = AFTER;
        at++;
      } else if (next > VALUE + OR_END) throw notJson();
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (depth === this.#maxDepth)
          throw new CodapError('BAD_RESPONSE', `the store answered JSON nested deeper than ${this.#maxDepth}`);
        within = byte === OPEN_OBJECT ? KEY : VALUE;
        stack[++depth] = within;
        next = within + OR_END;
        this.#members += 2;
        at++;
      } else {
        at = byte > NINE ? literalEnd(bytes, at) : this.#numberEnd(at);
        next = AFTER;
      }
    }
    this.#at = at;
    this.#next = next;
    this.#depth = depth;
    if (at < bytes.length) return false;
    if (next !== AFTER || depth > 0) throw notJson();
    return true;
  }

  /** Where a number ends. */
  #numberEnd(start: number): number {
    const bytes = this.#bytes;
    const first = bytes[start] === MINUS ? start + 1 : start;
    let at = bytes[first] === ZERO ? first + 1 : digitsEnd(bytes, first);
    if (bytes[at] === DOT) at = digitsEnd(bytes, at + 1);
    let sure = SURE;
    if (((bytes[at] as number) | 0x20) === 0x65) {
      const sign = bytes[at + 1];
      at = digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
      sure = SURE_WITH_EXPONENT;
    }
    if (at - start > sure) this.#isPlain = false;
    return at;
  }
}

/** Whether a key that begins so may look like an integer: by a digit, or an escape that may be one. */
function mayMove(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === BACKSLASH;
}

function notJson(): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered something that is not JSON');
}

/** Where the escape ends that has to stand at `start`. Half a surrogate pair is JSON, too. */
function escapeEnd(bytes: Uint8Array, start: number): number {
  const length = bytes[start] === BACKSLASH ? escapeLength(bytes, start) : 0;
  if (length === 0) throw notJson();
  return start + Math.abs(length);
}

/**
 * Where the first byte of a string is, from `start` on, at which to look closer, or `most`. They are read
 * four at a time: in a word the high bit of each such byte is marked, and perhaps that of some above it.
 */
function ordinaryEnd(bytes: Uint8Array, words: DataView, start: number, most: number): number {
  let at = start;
  for (; at <= most - 4; at += 4) {
    const word = words.getInt32(at, true);
    const control = word - 0x20202020;
    const quote = (word ^ 0x22222222) - 0x01010101;
    const backslash = (word ^ 0x5c5c5c5c) - 0x01010101;
    const marks = (control | quote | backslash) & ~word & 0x80808080;
    if (marks !== 0) return at + ((31 - Math.clz32(marks & -marks)) >> 3);
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

/** Where `true`, `false` or `null` ends. */
function literalEnd(bytes: Uint8Array, start: number): number {
  const literal = bytes[start] === 0x74 ? 'true' : bytes[start] === 0x66 ? 'false' : 'null';
  for (let at = 0; at < literal.length; at++) if (bytes[start + at] !== literal.charCodeAt(at)) throw notJson();
  return start + literal.length;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (((bytes[at] as number) ^ ZERO) <= 9) at++;
  if (at === start) throw notJson();
  return at;
}
