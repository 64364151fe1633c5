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

  /** So many more happened now. */
  add(count = 1): void {
    this.#forget();
    this.#counts[this.#slot % SLOTS]! += count;
    this.#sum += count;
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
