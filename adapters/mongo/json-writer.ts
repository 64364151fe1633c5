import { isUtf8 } from 'node:buffer';
import { BSONError } from 'bson';
import { DAY_MS, dayText } from '../../src/json/iso-text.ts';
import { octet } from './bson-reader.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const LOWER_U = 0x75;
const HEX = Buffer.from('0123456789abcdef');

/** What follows the backslash of each character, 0 where it stands for itself; what is not ASCII does not. */
const ESCAPES = Buffer.from(
  Array.from({ length: 256 }, (_, code) => {
    const json = JSON.stringify(String.fromCharCode(code));
    return json.startsWith('"\\') ? json.charCodeAt(2) : code & 0x80;
  }),
);

/** The same for what is known to be UTF-8. */
const ESCAPES_OF_UTF8 = Buffer.from(ESCAPES).fill(0, 0x80);

/**
 * JSON written as bytes, which become one string at the end, if any: a string of many small ones costs
 * several times as much.
 */
export class JsonWriter {
  #bytes: Buffer;
  #length = 0;
  #isAscii = true;

  /** It has room for so many bytes before it has to grow. */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /** Begins anew, with the room that it has. */
  clear(): this {
    this.#length = 0;
    this.#isAscii = true;
    return this;
  }

  /** Adds one byte. */
  byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Adds text that is ASCII. */
  ascii(text: string): void {
    const { length } = text;
    this.#room(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
    this.#length = at;
  }

  /** Adds a whole number that a double holds: of one beyond 31 bits, JavaScript's own text takes longer. */
  whole(number: number): void {
    this.#room(17);
    const bytes = this.#bytes;
    if (number < 0) bytes[this.#length++] = MINUS;
    let left = Math.abs(number);
    let at = this.#length + 1;
    for (let more = 10; left >= more; more *= 10) at += 1;
    this.#length = at;
    do {
      const next = Math.floor(left / 10);
      bytes[--at] = ZERO + (left - 10 * next);
      left = next;
    } while (left > 0);
  }

  /** Adds bytes as hexadecimal digits. */
  hex(from: Buffer, start: number, end: number): void {
    this.#room(2 * (end - start));
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = start; index < end; index++) {
      const byte = octet(from, index);
      bytes[at++] = octet(HEX, byte >> 4);
      bytes[at++] = octet(HEX, byte & 15);
    }
    this.#length = at;
  }

  /** Adds what `toISOString` gives for an instant that a Date can hold, in milliseconds, in quotes. */
  date(milliseconds: number): void {
    const day = Math.floor(milliseconds / DAY_MS);
    const left = (milliseconds - day * DAY_MS) | 0;
    this.byte(QUOTE);
    this.ascii(dayText(day));
    this.ascii('T00:00:00.000Z"');
    const bytes = this.#bytes;
    const end = this.#length;
    digits(bytes, end - 14, (left / 3_600_000) | 0);
    digits(bytes, end - 11, ((left / 60_000) | 0) % 60);
    digits(bytes, end - 8, ((left / 1000) | 0) % 60);
    digits(bytes, end - 5, ((left / 10) | 0) % 100);
    bytes[end - 3] = ZERO + (left % 10);
  }

  /** Adds UTF-8 as a string of JSON. Throws BSONError for bytes that are none. */
  string(from: Buffer, start: number, end: number): void {
    this.byte(QUOTE);
    this.partOfString(from, start, end);
    this.byte(QUOTE);
  }

  /** Adds a member's name, and what stands around it. */
  name(from: Buffer, start: number, end: number, isFirst: boolean): void {
    this.#room(end - start + 4);
    const bytes = this.#bytes;
    let at = this.#length;
    if (!isFirst) bytes[at++] = COMMA;
    bytes[at++] = QUOTE;
    this.#length = at;
    this.partOfString(from, start, end);
    this.byte(QUOTE);
    this.byte(COLON);
  }

  /** Adds what stands between the quotes of a string, or a part of it, which ends where a character does. */
  partOfString(from: Buffer, start: number, end: number): void {
    const index = this.#copy(from, start, end, ESCAPES);
    if (index < end) this.#withEscapes(from, index, end);
  }

  /** Adds what begins with a byte that may not stand for itself: most strings have none. */
  #withEscapes(from: Buffer, start: number, end: number): void {
    let escapes = ESCAPES;
    for (let index = start; index < end;) {
      const byte = octet(from, index);
      if (byte < 0x80) this.#escape(byte, octet(escapes, byte));
      else {
        if (!isUtf8(from.subarray(index, end))) throw new BSONError('a BSON string is not UTF-8');
        this.#isAscii = false;
        escapes = ESCAPES_OF_UTF8;
      }
      index = this.#copy(from, byte < 0x80 ? index + 1 : index, end, escapes);
    }
  }

  /** Copies up to the first byte that does not stand for itself, and answers where that is. */
  #copy(from: Buffer, start: number, end: number, escapes: Buffer): number {
    this.#room(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    let index = start;
    for (; index < end; index++) {
      const byte = octet(from, index);
      if (octet(escapes, byte) !== 0) break;
      bytes[at++] = byte;
    }
    this.#length = at;
    return index;
  }

  #escape(byte: number, escape: number): void {
    this.#room(6);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = BACKSLASH;
    bytes[at++] = escape;
    if (escape === LOWER_U) {
      bytes[at++] = ZERO;
      bytes[at++] = ZERO;
      bytes[at++] = octet(HEX, byte >> 4);
      bytes[at++] = octet(HEX, byte & 15);
    }
    this.#length = at;
  }

  /** All of it in UTF-8, until more is written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** All of it. */
  toString(): string {
    return this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', 0, this.#length);
  }

  #room(needed: number): void {
    if (this.#bytes.length - this.#length < needed) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + needed));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Writes two digits. */
function digits(bytes: Buffer, at: number, number: number): void {
  bytes[at] = ZERO + ((number / 10) | 0);
  bytes[at + 1] = ZERO + (number % 10);
}
