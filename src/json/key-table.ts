import { randomFillSync } from 'node:crypto';

// Secret, so that no request can be written whose keys all hash alike.
const SALT = randomFillSync(new Int32Array(256));

/** The hash of the bytes from `start` up to `end`, 32 bits. */
export function hashOfBytes(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (SALT[bytes[at] as number] as number), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/**
 * Tells whether the keys at two positions of a text are the same; it is asked only where their hashes are.
 */
export type IsSame = (one: number, other: number) => boolean;

/**
 * The keys of one large object, each a hash and a position, in an open-addressing table: no allocation for
 * each key.
 */
export class KeyTable {
  readonly #isSame: IsSame;
  // Pairs of a hash and a position plus 1; 0 is an empty place.
  #pairs = new Int32Array(64);
  #mask = 31;
  #free = 24;

  constructor(isSame: IsSame) {
    this.#isSame = isSame;
  }

  /** Adds a key; false if it is there already. */
  add(hash: number, position: number): boolean {
    const pairs = this.#pairs;
    let slot = hash & this.#mask;
    for (;;) {
      const other = pairs[2 * slot + 1] as number;
      if (other === 0) break;
      if (pairs[2 * slot] === hash && this.#isSame(other - 1, position)) return false;
      slot = (slot + 1) & this.#mask;
    }
    pairs[2 * slot] = hash;
    pairs[2 * slot + 1] = position + 1;
    if (--this.#free === 0) this.#grow();
    return true;
  }

  #grow(): void {
    const old = this.#pairs;
    const size = (this.#mask + 1) * 4;
    this.#pairs = new Int32Array(2 * size);
    this.#mask = size - 1;
    this.#free = size * 0.75;
    for (let at = 0; at < old.length; at += 2) {
      const position = old[at + 1] as number;
      if (position !== 0) this.add(old[at] as number, position - 1);
    }
  }
}
