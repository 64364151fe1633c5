/** Characters from which on a piece stands by itself. */
const LARGE = 16_384;

/**
 * Text that grows at its end. Small additions are joined, large ones kept as they came: none is copied before
 * it is sent.
 */
export class Text {
  readonly #pieces: string[] = [];
  #last = '';
  #length = 0;

  /** How many characters it has. */
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

  /** Its pieces, one after the other. */
  *[Symbol.iterator](): Generator<string> {
    yield* this.#pieces;
    yield this.#last;
  }

  /** All of it. */
  toString(): string {
    return this.#pieces.length === 0 ? this.#last : [...this].join('');
  }
}
