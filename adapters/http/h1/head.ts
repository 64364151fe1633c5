import { errors } from 'undici';
import { COLON, CR, LF, SPACE, TAB, TEXT, TOKEN } from './octets.ts';

/** How the first line begins: HTTP/1.0 or 1.1, and a status of three digits (`#`). */
const FIRST = Buffer.from('HTTP/1.. ###');
const [DIGIT, MINOR_AT, STATUS_AT] = [35, 7, 9];

/** What may come next. */
const [FIRST_LINE, AFTER_STATUS, REASON, LINE_END, FIELD, NAME, BEFORE_VALUE, VALUE, LAST_LINE_END, ENDED] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

/** Numbers kept of each field: where its name and its value begin and end. */
const MARKS = 4;
/** Of so many, the memory is kept for the next head. */
const MARKS_KEPT = 1024;
/** Of so many fields the values are kept, of up to so many characters each. */
const FIELDS_KEPT = 32;
const SHORT = 64;

/**
 * The head of an answer, read octet by octet as it comes, however it is split, and as strictly as RFC 9112
 * lets a client be: no folded line, no bare CR or LF, no white space before a colon. Its texts are made only
 * of what somebody asks for, while it is still where it was read.
 */
export class Head {
  status = 0;
  /** Of HTTP/1: 0 or 1. */
  minor = 0;
  readonly #most: number;
  #expected = FIRST_LINE;
  /** Where it is, where it begins there, and how much of it has been read. */
  #memory: Buffer;
  #base = 0;
  #size = 0;
  /** All of it so far, in memory of its own, where it did not come at once. */
  #kept: Buffer | undefined;
  #keptSize = 0;
  #marks: number[] = [];
  #marked = 0;
  /** Of each length that a name here has, modulo 32, one bit: most names that are asked for are not here. */
  #lengths = 0;
  /** Values of the heads before, by the place of their field. */
  readonly #values: (string | undefined)[] = [];

  /** `most` bytes of it are taken. */
  constructor(most: number) {
    this.#most = most;
    this.#memory = NONE;
  }

  /** Whether something of it has come. */
  get hasBegun(): boolean {
    return this.#size > 0;
  }

  /** Gets ready for the next: a whole one, or the fields alone that follow the last chunk of a body. */
  reset(what: 'head' | 'trailers' = 'head'): void {
    this.#expected = what === 'head' ? FIRST_LINE : FIELD;
    this.#memory = NONE;
    this.#size = this.#marked = this.#keptSize = this.#lengths = 0;
    this.#kept = undefined;
    if (this.#marks.length > MARKS_KEPT) this.#marks = [];
  }

  /** Answers where in the memory it ends, or -1 if more of it has to come. Throws where it is none. */
  read(memory: Buffer, start: number, end: number): number {
    if (this.#kept) this.#keep(memory, start, end);
    else {
      this.#memory = memory;
      this.#base = start;
    }
    const before = this.#size;
    const isWhole = this.#go(this.#kept ? this.#keptSize : end - start);
    if (this.#size > this.#most) throw new errors.HeadersOverflowError();
    if (isWhole) return start + this.#size - before;
    if (!this.#kept) this.#keep(memory, start, end);
    return -1;
  }

  /** The value of a field, by its lower-case name; a list where it came repeatedly. */
  get(name: string): string | string[] | undefined {
    if ((this.#lengths & (1 << name.length)) === 0) return undefined;
    let found: string | string[] | undefined;
    for (let at = 0; at < this.#marked; at += MARKS) {
      if (!this.#isNamed(at, name)) continue;
      const value = this.#valueAt(at);
      if (found === undefined) found = value;
      else if (typeof found === 'string') found = [found, value];
      else found.push(value);
    }
    return found;
  }

  /** A store says much the same in each answer: a text that was made of the last one is not made again. */
  #valueAt(at: number): string {
    const start = this.#base + (this.#marks[at + 2] as number);
    const end = this.#base + (this.#marks[at + 3] as number);
    const field = at / MARKS;
    const known = this.#values[field];
    if (known !== undefined && isText(this.#memory, start, end, known)) return known;
    const value = this.#memory.toString('latin1', start, end);
    if (field < FIELDS_KEPT && value.length <= SHORT) this.#values[field] = value;
    return value;
  }

  #isNamed(at: number, name: string): boolean {
    const start = this.#marks[at] as number;
    if ((this.#marks[at + 1] as number) - start !== name.length) return false;
    for (let index = 0; index < name.length; index++) {
      const octet = this.#memory[this.#base + start + index] as number;
      if ((octet >= 65 && octet <= 90 ? octet + 32 : octet) !== name.charCodeAt(index)) return false;
    }
    return true;
  }

  #keep(memory: Buffer, start: number, end: number): void {
    const size = this.#keptSize + end - start;
    if (!this.#kept || this.#kept.length < size) {
      const larger = Buffer.allocUnsafe(2 * size);
      this.#kept?.copy(larger, 0, 0, this.#keptSize);
      this.#kept = larger;
    }
    memory.copy(this.#kept, this.#keptSize, start, end);
    this.#keptSize = size;
    this.#memory = this.#kept;
    this.#base = 0;
  }

  /** Reads on, up to so many bytes of it; whether it has come to its end. */
  #go(size: number): boolean {
    const memory = this.#memory;
    const base = this.#base;
    const marks = this.#marks;
    let at = this.#size;
    let expected = this.#expected;
    while (at < size && expected !== ENDED) {
      const octet = memory[base + at] as number;
      switch (expected) {
        case FIELD:
          if (octet === CR) expected = LAST_LINE_END;
          else {
            marks[this.#marked] = at;
            expected = NAME;
            continue;
          }
          break;
        case NAME: {
          let to = at;
          while (to < size && TOKEN[memory[base + to] as number] === 1) to++;
          at = to;
          if (at === size) continue;
          if (memory[base + at] !== COLON || at === marks[this.#marked]) throw notHttp('the name of a field');
          marks[this.#marked + 1] = at;
          this.#lengths |= 1 << (at - (marks[this.#marked] as number));
          expected = BEFORE_VALUE;
          break;
        }
        case BEFORE_VALUE:
          if (octet === SPACE || octet === TAB) break;
          marks[this.#marked + 2] = at;
          expected = VALUE;
          continue;
        case VALUE: {
          let to = at;
          while (to < size && TEXT[memory[base + to] as number] === 1) to++;
          at = to;
          if (at === size) continue;
          if (memory[base + at] !== CR) throw notHttp('the value of a field');
          this.#endValue(at);
          expected = LINE_END;
          break;
        }
        case LINE_END:
          if (octet !== LF) throw notHttp('the end of a line');
          expected = FIELD;
          break;
        case LAST_LINE_END:
          if (octet !== LF) throw notHttp('the end of the head');
          expected = ENDED;
          break;
        case FIRST_LINE:
          this.#first(octet, at);
          if (at === FIRST.length - 1) expected = AFTER_STATUS;
          break;
        case AFTER_STATUS:
          if (octet !== SPACE && octet !== CR) throw notHttp('the status');
          expected = octet === SPACE ? REASON : LINE_END;
          break;
        case REASON:
          if (octet === CR) expected = LINE_END;
          else if (TEXT[octet] !== 1) throw notHttp('the reason');
      }
      at++;
    }
    this.#size = at;
    this.#expected = expected;
    return expected === ENDED;
  }

  /** White space after a value is no part of it. */
  #endValue(at: number): void {
    const start = this.#marks[this.#marked + 2] as number;
    let end = at;
    while (end > start && isBlank(this.#memory[this.#base + end - 1] as number)) end--;
    this.#marks[this.#marked + 3] = end;
    this.#marked += MARKS;
  }

  #first(octet: number, at: number): void {
    const wanted = FIRST[at] as number;
    const digit = octet - 48;
    if (at === MINOR_AT) {
      if (digit !== 0 && digit !== 1) throw notHttp('the version');
      this.minor = digit;
    } else if (wanted === DIGIT) {
      if (digit < 0 || digit > 9) throw notHttp('the status');
      this.status = at === STATUS_AT ? digit : this.status * 10 + digit;
    } else if (octet !== wanted) throw notHttp('the first line');
  }
}

/** Makes what is thrown where an answer is not what RFC 9112 allows: in which part of it. */
export function notHttp(part: string): Error {
  return new errors.HTTPParserError(`Response does not match the HTTP/1.1 protocol (${part})`);
}

/** Whether a part of a memory is this text, in Latin-1. */
function isText(memory: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (memory[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

const NONE = Buffer.alloc(0);
