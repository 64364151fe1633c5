/**
 * Things of a moment, in no order. A Set that changes all the time is none for this: each time that it makes
 * itself a new table, the old one points to that and to what it held, and only a full garbage collection ends
 * the chain.
 */
export class Bag<T extends object> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Puts one in; what it returns takes it out. */
  add(one: T): () => void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = one;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#slots[slot] = undefined;
      this.#free.push(slot);
    };
  }

  /** How many are in it. */
  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** All that are in it. */
  *[Symbol.iterator](): Generator<T> {
    for (const one of this.#slots) if (one) yield one;
  }
}
