import { isUtf8 } from 'node:buffer';
import { FaultList, type ToldFault } from './fault-list.ts';
import { keyAt, notJsonAt } from './body-text.ts';
import { hashOfBytes } from './key-table.ts';
import { numberFault, SURE } from './number-fault.ts';
import { SeenKeys } from './seen-keys.ts';
import { escapeLength, LONE_SURROGATE, unescape } from './unescape.ts';

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LOWER_E = 0x65;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LITERALS = new Map(
  ['true', 'false', 'null'].map((text) => [text.charCodeAt(0) as number | undefined, Buffer.from(text)]),
);

/** In place of a position: the scan is over. */
const STOP = -1;

/**
 * Checks a body in one pass, before `JSON.parse`, for what that would drop or change in silence: nesting
 * beyond `depth` (the body is 1; `around` more do not count), duplicate keys, lone surrogates, invalid UTF-8,
 * numbers that a double cannot hold (to who `keepsDigits` those out of its range alone). What is no JSON (RFC
 * 8259) is a fault at `#` that ends the scan, and so does nesting. At most 100 faults, which repeat no value;
 * and how many members its lists and objects have, each of which counts as one more.
 */
export function scan(body: Buffer, how: Scanning): { faults: readonly ToldFault[]; members: number } {
  const scanner = new Scanner(body, how);
  const faults = scanner.run();
  return { faults, members: scanner.members };
}

/** `from`: where the text begins, 0 unless told. */
type Scanning = { depth: number; around?: number; keepsDigits?: boolean; from?: number };

class Scanner {
  readonly #body: Buffer;
  readonly #most: { readonly open: number; readonly maxDepth: number };
  readonly #keepsDigits: boolean;
  readonly #from: number;
  readonly #isUtf8: boolean;
  readonly #keys: SeenKeys;
  readonly #faults = new FaultList();
  // The keys above a fault, each read once however many faults are below it.
  readonly #keysRead = new Map<number, string>();
  // Of each open container: whether it is an object; and where its current key begins, or its current index.
  readonly #objects: boolean[] = [];
  readonly #steps: number[] = [];
  #depth = 0;
  /** Those of its lists and objects, each of which counts as one more. */
  members = 0;
  // What the string read last has in it.
  #hasEscape = false;
  #hasLoneSurrogate = false;

  constructor(body: Buffer, { depth, around = 0, keepsDigits = false, from = 0 }: Scanning) {
    this.#body = body;
    this.#most = { open: depth + around, maxDepth: depth };
    this.#keepsDigits = keepsDigits;
    this.#from = from;
    this.#isUtf8 = isUtf8(body);
    this.#keys = new SeenKeys((one, other) => keyAt(body, one) === keyAt(body, other));
  }

  run(): readonly ToldFault[] {
    let at = this.#skip(this.#from);
    while (at !== STOP && !this.#faults.full) {
      const byte = this.#body[at];
      if (byte === OPEN_OBJECT || byte === OPEN_LIST) at = this.#open(at, byte === OPEN_OBJECT);
      else at = this.#next(this.#scalar(at));
    }
    return this.#faults.told();
  }

  /** Enters a container; gives where its first value is or, if it is empty, the next one after it. */
  #open(start: number, isObject: boolean): number {
    if (this.#depth >= this.#most.open) {
      this.#fault(`nested deeper than ${this.#most.maxDepth}`);
      return STOP;
    }
    if (isObject) this.#keys.open();
    this.#objects[this.#depth] = isObject;
    this.#steps[this.#depth++] = 0;
    this.members += 2;
    const at = this.#skip(start + 1);
    if (this.#body[at] === (isObject ? CLOSE_OBJECT : CLOSE_LIST)) return this.#next(at);
    return isObject ? this.#key(at) : at;
  }

  /**
   * Goes on where a value ended: leaves the containers that end there too, and gives the position of the next
   * value.
   */
  #next(end: number): number {
    let at = end;
    while (at !== STOP) {
      at = this.#skip(at);
      const top = this.#depth - 1;
      if (top < 0) return at === this.#body.length ? STOP : this.#notJson(at);
      const inObject = this.#objects[top];
      const byte = this.#body[at];
      if (byte === COMMA) {
        this.members++;
        at = this.#skip(at + 1);
        if (inObject) return this.#key(at);
        (this.#steps[top] as number)++;
        return at;
      }
      if (byte !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) return this.#notJson(at);
      if (inObject) this.#keys.close();
      this.#depth--;
      at++;
    }
    return STOP;
  }

  /** Reads a key and its colon; gives the position of its value. */
  #key(start: number): number {
    if (this.#body[start] !== QUOTE) return this.#notJson(start);
    const top = this.#depth - 1;
    this.#steps[top] = start;
    const end = this.#string(start, 'the key');
    if (end === STOP) return STOP;
    const hash = this.#hasEscape
      ? hashOfBytes(unescape(this.#body, start + 1, end - 1))
      : hashOfBytes(this.#body, start + 1, end - 1);
    if (!this.#keys.add(hash, start)) this.#fault('the object has this key already');
    const at = this.#skip(end);
    return this.#body[at] === COLON ? this.#skip(at + 1) : this.#notJson(at);
  }

  /** Reads a string, number or literal; gives the position after it. */
  #scalar(start: number): number {
    const byte = this.#body[start];
    if (byte === QUOTE) return this.#string(start, 'the string');
    if (byte === MINUS || isDigit(byte)) return this.#number(start);
    const literal = LITERALS.get(byte);
    if (!literal) return this.#notJson(start);
    for (let index = 1; index < literal.length; index++) {
      if (this.#body[start + index] !== literal[index]) return this.#notJson(start + index);
    }
    return start + literal.length;
  }

  #string(start: number, name: string): number {
    const body = this.#body;
    this.#hasEscape = false;
    this.#hasLoneSurrogate = false;
    let at = start + 1;
    for (;;) {
      const byte = body[at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        const length = escapeLength(body, at);
        if (length === 0) return this.#notJson(at);
        this.#hasEscape = true;
        if (length === LONE_SURROGATE) this.#hasLoneSurrogate = true;
        at += Math.abs(length);
      } else if (byte === undefined || byte < 0x20) return this.#notJson(at);
      else at++;
    }
    const end = at + 1;
    if (this.#hasLoneSurrogate) this.#fault(`${name} has a lone surrogate, half a character`);
    if (!this.#isUtf8 && !isUtf8(body.subarray(start, end))) this.#fault(`${name} is not UTF-8`);
    return end;
  }

  #number(start: number): number {
    const body = this.#body;
    const first = body[start] === MINUS ? start + 1 : start;
    let at = body[first] === ZERO ? first + 1 : this.#digits(first);
    const wholeEnd = at;
    if (at !== STOP && body[at] === DOT) at = this.#digits(at + 1);
    const fractionEnd = at;
    if (at !== STOP && ((body[at] as number) | 0x20) === LOWER_E) {
      const sign = body[at + 1];
      at = this.#digits(sign === PLUS || sign === MINUS ? at + 2 : at + 1);
    }
    // Only the numbers that may not fit are looked at closely.
    if ((at === fractionEnd && at - first <= SURE) || at === STOP) return at;
    const fault = numberFault(body, first, wholeEnd, fractionEnd, at, this.#keepsDigits);
    if (fault !== undefined) this.#fault(fault);
    return at;
  }

  /** Reads one or more digits; gives the position after them. */
  #digits(start: number): number {
    let at = start;
    while (isDigit(this.#body[at])) at++;
    return at > start ? at : this.#notJson(at);
  }

  #skip(start: number): number {
    const body = this.#body;
    let at = start;
    for (;;) {
      const byte = body[at] as number;
      // Nearly always it is none.
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
      at++;
    }
  }

  /** Notes a fault at the value or key that is being read. */
  #fault(detail: string): void {
    if (this.#faults.full) return;
    const open = this.#steps.slice(0, this.#depth);
    const steps = open.map((step, level) => (this.#objects[level] ? this.#readKey(step) : step));
    this.#faults.add(steps, detail);
  }

  #readKey(start: number): string {
    const key = this.#keysRead.get(start) ?? keyAt(this.#body, start);
    this.#keysRead.set(start, key);
    return key;
  }

  #notJson(at: number): number {
    this.#faults.add([], notJsonAt(this.#body, at, this.#from));
    return STOP;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
