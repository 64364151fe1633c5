/** What one command may be filled in with: the driver writes it in one go, some 20 ms for so many. */
const MOST_PIECES = 200_000;
/** Characters of a text that count as a piece. */
const PIECE = 64;

/** Thrown with the detail of a fault: a filled-in value that may not be sent. */
export class NotData extends Error {}

/** Pieces, each a value or 64 characters of a text, that one command may still be filled in with. */
export class FillingRoom {
  #left = MOST_PIECES;

  /** Throws NotData where there is no room for a value. */
  take(value: unknown): void {
    this.#spend(1 + (typeof value === 'string' ? piecesOf(value) : 0));
  }

  /** Throws NotData where there is no room for the text of a key. */
  takeKey(key: string): void {
    this.#spend(piecesOf(key));
  }

  #spend(pieces: number): void {
    this.#left -= pieces;
    if (this.#left < 0)
      throw new NotData('more is filled in than one command may hold: 200,000 values, or 12 MB of text');
  }
}

function piecesOf(text: string): number {
  return Math.floor(text.length / PIECE);
}
