import { isLoopHeld } from './turns.ts';
import type { Steps } from './work.ts';

/** Bytes that are copied at once: memory that nobody has touched yet takes several times longer. */
const AT_ONCE = 1_048_576;

/** Characters that are made bytes at once: a longer text, made of very many pieces, would take long. */
const PIECE = 16_384;

/** Bytes in one piece, made of pieces that come one after the other. */
export class Joining {
  readonly #pieces: Buffer[] = [];
  #text = '';

  /** One more: bytes as they are, text in UTF-8. */
  add(piece: string | Buffer): void {
    if (typeof piece === 'string') {
      this.#text += piece;
      if (this.#text.length >= PIECE) this.#flush();
      return;
    }
    this.#flush();
    this.#pieces.push(piece);
  }

  /** All of them, in turns with others. */
  *whole(): Steps<Buffer> {
    this.#flush();
    return yield* joined(this.#pieces);
  }

  /** The same as a text. */
  *text(): Steps<string> {
    return this.#pieces.length === 0 ? this.#text : String(yield* this.whole());
  }

  #flush(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

function* joined(pieces: readonly Buffer[]): Steps<Buffer> {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const whole = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += AT_ONCE) {
      at += piece.copy(whole, at, from, from + AT_ONCE);
      if (isLoopHeld()) yield;
    }
  }
  return whole;
}
