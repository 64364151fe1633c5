import { errors } from 'undici';
import { CR, LF, SPACE, TAB, TEXT, TOKEN } from './octets.ts';
import { notHttp } from './head.ts';

/** What may come next. */
const [SIZE, MORE_SIZE, EXTENSION, NAME, NAME_END, BEFORE_VALUE, VALUE, QUOTED, ESCAPED, PART_END] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];
const [SIZE_END, DATA, DATA_CR, DATA_LF, LAST] = [10, 11, 12, 13, 14];
const [SEMICOLON, EQUALS, QUOTE, BACKSLASH] = [59, 61, 34, 92];

/** A body in chunks (RFC 9112 §7.1), up to where its trailers begin, taken apart as it comes. */
export class Chunks {
  /** Where in the memory last read the data is, moved together. */
  from = 0;
  to = 0;
  readonly #most: number;
  #expected = SIZE;
  #left = 0;
  /** Bytes of the line that tells the size of a chunk. */
  #line = 0;

  /** Lines of up to `most` bytes are taken: what extends them is for nobody here. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the last chunk has come. */
  get isOver(): boolean {
    return this.#expected === LAST;
  }

  reset(): void {
    this.#expected = SIZE;
    this.#left = this.#line = 0;
  }

  /** Answers where in the memory it stopped: at its end, or after the last chunk. Throws where it is none. */
  read(memory: Buffer, start: number, end: number): number {
    this.from = this.to = start;
    let at = start;
    while (at < end && this.#expected !== LAST) {
      if (this.#expected === DATA) at = this.#data(memory, at, end);
      else this.#octet(memory[at++] as number);
    }
    return at;
  }

  #data(memory: Buffer, at: number, end: number): number {
    const size = Math.min(this.#left, end - at);
    if (this.from === this.to) this.from = this.to = at;
    else memory.copyWithin(this.to, at, at + size);
    this.to += size;
    this.#left -= size;
    if (this.#left === 0) this.#expected = DATA_CR;
    return at + size;
  }

  #octet(octet: number): void {
    if (this.#expected < DATA && ++this.#line > this.#most) throw new errors.HeadersOverflowError();
    switch (this.#expected) {
      case SIZE:
      case MORE_SIZE: {
        const digit = valueOf(octet);
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          if (this.#left > Number.MAX_SAFE_INTEGER) throw notHttp('the size of a chunk');
          this.#expected = MORE_SIZE;
        } else if (this.#expected === SIZE) throw notHttp('the size of a chunk');
        else this.#afterPart(octet);
        break;
      }
      case EXTENSION:
      case NAME:
      case NAME_END:
        if (octet === EQUALS && this.#expected !== EXTENSION) this.#expected = BEFORE_VALUE;
        else if (isBlank(octet)) this.#expected = this.#expected === EXTENSION ? EXTENSION : NAME_END;
        else if (TOKEN[octet] === 1 && this.#expected !== NAME_END) this.#expected = NAME;
        else if (this.#expected === EXTENSION) throw notHttp('an extension of a chunk');
        else this.#afterPart(octet);
        break;
      case BEFORE_VALUE:
      case VALUE:
        if (octet === QUOTE) this.#expected = QUOTED;
        else if (TOKEN[octet] === 1) this.#expected = VALUE;
        else if (this.#expected === VALUE || !isBlank(octet)) this.#afterPart(octet);
        break;
      case QUOTED:
        if (octet === QUOTE) this.#expected = PART_END;
        else if (octet === BACKSLASH) this.#expected = ESCAPED;
        else if (TEXT[octet] !== 1) throw notHttp('an extension of a chunk');
        break;
      case ESCAPED:
        if (TEXT[octet] !== 1) throw notHttp('an extension of a chunk');
        this.#expected = QUOTED;
        break;
      case PART_END:
        this.#afterPart(octet);
        break;
      case SIZE_END:
        if (octet !== LF) throw notHttp('the end of a line');
        this.#expected = this.#left > 0 ? DATA : LAST;
        this.#line = 0;
        break;
      case DATA_CR:
        if (octet !== CR) throw notHttp('the end of a chunk');
        this.#expected = DATA_LF;
        break;
      case DATA_LF:
        if (octet !== LF) throw notHttp('the end of a chunk');
        this.#expected = SIZE;
    }
  }

  /** Behind the size or an extension. White space there says nothing, and has to be taken (§7.1.1). */
  #afterPart(octet: number): void {
    if (isBlank(octet)) this.#expected = PART_END;
    else if (octet === SEMICOLON) this.#expected = EXTENSION;
    else if (octet === CR) this.#expected = SIZE_END;
    else throw notHttp('the size of a chunk');
  }
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

/** What a hexadecimal digit stands for; -1 if it is none. */
function valueOf(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
