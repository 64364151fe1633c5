/** Characters from which on a piece stands by itself. */
const LARGE = 16_384;

/** Characters, or bytes, of a slice. */
const SLICE = 65_536;

/** A piece of a text: written here, or UTF-8 as it came. */
export type Piece = string | Buffer;

/**
 * Text that grows at its end: small additions are joined; large ones, and those that are there in UTF-8, are
 * kept as they came, so that none of it is copied before it is sent.
 */
export class Text {
  readonly #pieces: Piece[] = [];
  #last = '';
  #length = 0;

  /** How long it is: the bytes of what came in UTF-8, the characters of the rest. */
  get length(): number {
    return this.#length;
  }

  /** Adds at the end. */
  add(text: string): this {
    this.#length += text.length;
    if (text.length < LARGE) {
      this.#last += text;
      if (this.#last.length < LARGE) return this;
      this.#pieces.push(this.#last);
    } else this.#pieces.push(this.#last, text);
    this.#last = '';
    return this;
  }

  /** Adds what is there in UTF-8. */
  addBytes(bytes: Buffer): this {
    this.#length += bytes.length;
    this.#pieces.push(this.#last, bytes);
    this.#last = '';
    return this;
  }

  /** Its pieces, one after the other. */
  *[Symbol.iterator](): Generator<Piece> {
    yield* this.#pieces;
    yield this.#last;
  }

  /** Parts of its pieces, small enough to be sent at once. */
  slices(): Generator<Piece> {
    return slices(this);
  }

  /** All of it. */
  toString(): string {
    let whole = '';
    for (const piece of this.#pieces) whole += typeof piece === 'string' ? piece : piece.toString();
    return whole + this.#last;
  }

  /** All of it in UTF-8. */
  toBuffer(): Buffer {
    if (this.#pieces.length === 0) return Buffer.from(this.#last);
    let size = Buffer.byteLength(this.#last);
    for (const piece of this.#pieces) size += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
    const whole = Buffer.allocUnsafe(size);
    let at = 0;
    for (const piece of this) {
      if (typeof piece === 'string') at += whole.write(piece, at);
      else {
        whole.set(piece, at);
        at += piece.length;
      }
    }
    return whole;
  }
}

/** Parts of pieces, each small enough to be handled at once; those of a string end where a character does. */
export function* slices(pieces: Iterable<Piece>): Generator<Piece> {
  for (const piece of pieces) {
    if (piece.length <= SLICE) {
      if (piece.length > 0) yield piece;
      continue;
    }
    let from = 0;
    while (from < piece.length) {
      let to = from + SLICE;
      if (typeof piece !== 'string') yield piece.subarray(from, to);
      else {
        if ((piece.charCodeAt(to - 1) & 0xfc00) === 0xd800) to += 1;
        yield piece.slice(from, to);
      }
      from = to;
    }
  }
}

/** Pieces in UTF-8, each small enough to be handled at once. */
export function* inUtf8(pieces: Iterable<Piece>): Generator<Buffer> {
  for (const slice of slices(pieces)) yield typeof slice === 'string' ? Buffer.from(slice) : slice;
}
