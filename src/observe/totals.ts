import type { Family } from './family.ts';
import { leftBehind, mergeFamilies } from './merge-families.ts';
import { processFamilies } from './process-families.ts';

/** What a service has counted in all: what its parts count, and what those have that have ended. */
export class Totals {
  #left: readonly Family[] = [];
  readonly #parts = new Set<() => readonly Family[]>();

  /** One more part counts; what it returns ends it. */
  add(part: () => readonly Family[]): () => void {
    this.#parts.add(part);
    return () => {
      if (this.#parts.delete(part)) this.#left = mergeFamilies([this.#left, leftBehind(part())]);
    };
  }

  /** What they have counted. */
  get families(): readonly Family[] {
    return mergeFamilies([this.#left, ...Array.from(this.#parts, (part) => part())]);
  }

  /** The same, and what this process takes. */
  get all(): readonly Family[] {
    return mergeFamilies([this.families, processFamilies()]);
  }
}
