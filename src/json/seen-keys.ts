import { KeyTable, type IsSame } from './key-table.ts';

const FEW = 16;

/**
 * The keys seen in the open objects of one text. The first few of an object are compared one by one, those of
 * a larger one stand in a table: the work is linear in the keys.
 */
export class SeenKeys {
  readonly #isSame: IsSame;
  // Of each open object: how many of its keys stand below, and the table of the others.
  readonly #counts: number[] = [];
  readonly #tables: (KeyTable | undefined)[] = [];
  // The first few keys of each open object, one object's after the other's.
  readonly #hashes: number[] = [];
  readonly #positions: number[] = [];
  #end = 0;

  constructor(isSame: IsSame) {
    this.#isSame = isSame;
  }

  /** Enters an object. */
  open(): void {
    this.#counts.push(0);
    this.#tables.push(undefined);
  }

  /** Leaves the innermost object. */
  close(): void {
    this.#end -= this.#counts.pop() as number;
    this.#tables.pop();
  }

  /** Adds a key to the innermost object; false if it has that key already. */
  add(hash: number, position: number): boolean {
    const top = this.#counts.length - 1;
    const count = this.#counts[top] as number;
    const end = this.#end;
    for (let at = end - count; at < end; at++) {
      if (this.#hashes[at] === hash && this.#isSame(this.#positions[at] as number, position)) return false;
    }
    if (count === FEW) return (this.#tables[top] ??= new KeyTable(this.#isSame)).add(hash, position);
    this.#counts[top] = count + 1;
    this.#hashes[end] = hash;
    this.#positions[end] = position;
    this.#end++;
    return true;
  }
}
