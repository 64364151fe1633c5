/** How far back it looks, in milliseconds. */
export const RECENT_MS = 10_000;
const SLOT_MS = 500;
/** One more than these seconds have: the newest is not yet over. */
const SLOTS = RECENT_MS / SLOT_MS + 1;

/** Counts what happened in the last ten seconds, and at most half a second before. */
export class Recent {
  readonly #counts = new Float64Array(SLOTS);
  #sum = 0;
  #slot = slotAt(performance.now());

  /** So many more happened now; answers in which slot of time they are counted. */
  add(count = 1): number {
    this.#forget();
    this.#counts[this.#slot % SLOTS]! += count;
    this.#sum += count;
    return this.#slot;
  }

  /** One of those counted in a slot did not happen after all. */
  takeBack(slot: number): void {
    this.#forget();
    if (this.#slot - slot >= SLOTS) return;
    this.#counts[slot % SLOTS]! -= 1;
    this.#sum -= 1;
  }

  /** How many happened of late. */
  get sum(): number {
    this.#forget();
    return this.#sum;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }

  #forget(): void {
    const now = slotAt(performance.now());
    if (now - this.#slot >= SLOTS) this.clear();
    else
      for (let slot = this.#slot + 1; slot <= now; slot += 1) {
        this.#sum -= this.#counts[slot % SLOTS]!;
        this.#counts[slot % SLOTS] = 0;
      }
    this.#slot = now;
  }
}

function slotAt(instant: number): number {
  return Math.floor(instant / SLOT_MS);
}
