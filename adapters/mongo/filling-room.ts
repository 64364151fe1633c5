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
    this.#left -= typeof value === 'string' ? 1 + Math.floor(value.length / PIECE) : 1;
    if (this.#left < 0)
      throw new NotData('more is filled in than one command may hold: 200,000 values, or 12 MB of text');
  }
}
