import { randomFillSync } from 'node:crypto';

// Secret, so that no request can be written whose keys all hash alike.
const SALT = randomFillSync(new Int32Array(256));
const FEW = 8;
const ROW = 3;

/** The hash of the bytes from `start` up to `end`, 32 bits. */
export function hashOf(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (SALT[bytes[at] as number] as number), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/**
 * The keys seen in the open objects of one text; a key is the position where it stands, and its hash.
 * The first few keys of an object are compared one by one, those of a larger one stand in a table: the work is linear in the keys.
 */
export class SeenKeys {
  readonly #isSame: (one: number, other: number) => boolean;
  // Of each open object: its number, from 1, and how many keys it has.
  readonly #objects: number[] = [];
  readonly #counts: number[] = [];
  #objectCount = 0;
  // The first few keys of each open object, one object's after the other's.
  readonly #hashes: number[] = [];
  readonly #positions: number[] = [];
  #few = 0;
  // An open-addressing table of rows [object, hash, position], empty where the object is 0.
  #rows = new Int32Array(0);
  #mask = -1;
  #free = 0;

  /** `isSame` tells whether the keys at two positions are the same; it is asked only where their hashes are. */
  constructor(isSame: (one: number, other: number) => boolean) {
    this.#isSame = isSame;
  }

  /** Enters an object. */
  open(): void {
    this.#objects.push(++this.#objectCount);
    this.#counts.push(0);
  }

  /** Leaves the innermost object. */
  close(): void {
    this.#objects.pop();
    this.#few -= Math.min(this.#counts.pop() as number, FEW);
  }

  /** Adds a key to the innermost object; false if it has that key already. */
  add(hash: number, position: number): boolean {
    const top = this.#counts.length - 1;
    const count = this.#counts[top] as number;
    const few = this.#few;
    for (let at = few - Math.min(count, FEW); at < few; at++) {
      if (this.#hashes[at] === hash && this.#isSame(this.#positions[at] as number, position)) return false;
    }
    if (count >= FEW) return this.#addToTable(this.#objects[top] as number, hash, position);
    this.#counts[top] = count + 1;
    this.#hashes[few] = hash;
    this.#positions[few] = position;
    this.#few++;
    return true;
  }

  #addToTable(object: number, hash: number, position: number): boolean {
    if (this.#free === 0) this.#grow();
    const rows = this.#rows;
    let slot = (hash ^ Math.imul(object, 0x85ebca6b)) & this.#mask;
    for (;;) {
      const row = slot * ROW;
      if (rows[row] === 0) {
        rows[row] = object;
        rows[row + 1] = hash;
        rows[row + 2] = position;
        this.#free--;
        return true;
      }
      if (rows[row + 1] === hash && rows[row] === object && this.#isSame(rows[row + 2] as number, position))
        return false;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#rows;
    const size = Math.max(64, (this.#mask + 1) * 4);
    this.#rows = new Int32Array(size * ROW);
    this.#mask = size - 1;
    this.#free = size / 2;
    for (let row = 0; row < old.length; row += ROW) {
      if (old[row] !== 0) this.#addToTable(old[row] as number, old[row + 1] as number, old[row + 2] as number);
    }
  }
}
