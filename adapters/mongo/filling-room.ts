/** What one command may be filled in with: the driver writes it in one go, some 20 ms for so many. */
const MOST_PIECES = 200_000;
/** Characters of a text that count as a piece; the same of one that is read, or escaped, one by one. */
const PIECE = 64;
const READ_PIECE = 2;

/** Thrown with the detail of a fault: a filled-in value that may not be sent. */
export class NotData extends Error {}

/** Pieces that one command may still be filled in with. */
export class FillingRoom {
  #left = MOST_PIECES;

  /** Throws NotData where there is no room for a value. */
  take(value: unknown): void {
    this.#spend(1 + (typeof value === 'string' ? piecesOf(value) : 0));
  }

  /** Throws NotData where there is no room for a text that is looked at closely: before it is. */
  takeRead(text: string): void {
    this.#spend(1 + Math.floor(text.length / READ_PIECE));
  }

  /** Throws NotData where there is no room for the text of a key. */
  takeKey(key: string): void {
    this.#spend(piecesOf(key));
  }

  #spend(pieces: number): void {
    this.#left -= pieces;
    if (this.#left < 0)
      throw new NotData(
        'more is filled in than one command may hold: ' +
          '200,000 values, 12 MB of text, or 400,000 characters of patterns and Extended JSON',
      );
  }
}

function piecesOf(text: string): number {
  return Math.floor(text.length / PIECE);
}
