import { randomFillSync } from 'node:crypto';

// Secret, so that no request can be written whose keys all hash alike.
const SALT = randomFillSync(new Int32Array(256));
const ROW = 3;

/** The hash of the bytes from `start` up to `end`, 32 bits. */
export function hashOf(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (SALT[bytes[at] as number] as number), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/** The keys seen in all objects of one text, in one open-addressing table: linear in their number, without an allocation per key. */
export class KeyTable {
  readonly #isSame: (one: number, other: number) => boolean;
  // Rows of [object, hash, position]; objects count from 1, so that 0 is an empty row.
  #rows: Int32Array;
  #mask: number;
  #free: number;

  /** `isSame` tells whether the keys at two positions are the same; asked only when their hashes are. `keys` is how many to expect. */
  constructor(isSame: (one: number, other: number) => boolean, keys: number) {
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(keys)));
    this.#isSame = isSame;
    this.#rows = new Int32Array(size * ROW);
    this.#mask = size - 1;
    this.#free = size * 0.75;
  }

  /** Adds the key at `position` of the object numbered `object`, from 1; false if the object has it already. */
  add(object: number, hash: number, position: number): boolean {
    const rows = this.#rows;
    let slot = (hash ^ Math.imul(object, 0x85ebca6b)) & this.#mask;
    for (;;) {
      const row = slot * ROW;
      if (rows[row] === 0) {
        rows[row] = object;
        rows[row + 1] = hash;
        rows[row + 2] = position;
        if (--this.#free <= 0) this.#grow();
        return true;
      }
      if (rows[row + 1] === hash && rows[row] === object && this.#isSame(rows[row + 2] as number, position))
        return false;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#rows;
    const size = (this.#mask + 1) * 2;
    this.#rows = new Int32Array(size * ROW);
    this.#mask = size - 1;
    this.#free = size * 0.75;
    for (let row = 0; row < old.length; row += ROW) {
      if (old[row] !== 0) this.add(old[row] as number, old[row + 1] as number, old[row + 2] as number);
    }
  }
}
