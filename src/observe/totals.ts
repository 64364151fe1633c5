import { atOnce, type Steps, Work } from '../budget/work.ts';
import { type Format, writeFamilies } from './exposition.ts';
import { type Family, isGauge } from './family.ts';
import { processFamilies } from './process-families.ts';
import { type Scrape, sharing } from './scrape.ts';
import { Tally } from './tally.ts';

/** Takes what the parts of a service count. */
export interface Parts {
  /** One more part counts; what it returns ends it. */
  add(part: () => readonly Family[]): () => void;
}

/** What a service has counted in all: what its parts count, and what those have that have ended. */
export class Totals implements Parts {
  readonly #left = new Tally();
  readonly #parts = new Set<() => readonly Family[]>();

  add(part: () => readonly Family[]): () => void {
    this.#parts.add(part);
    return () => {
      if (this.#parts.delete(part)) this.take(part());
    };
  }

  /** Adds what has been counted elsewhere: of that all stays that only grows. */
  take(counted: readonly Family[]): void {
    const growing = counted.filter((family) => !isGauge(family));
    atOnce(this.#left.add(growing, new Work(Infinity)));
  }

  /** Tells all of it, and what this process takes, in turns with others. */
  readonly scrape: Scrape = sharing(async (format) => {
    const work = new Work(Infinity);
    return work.do(this.#written(format, work));
  });

  *#written(format: Format, work: Work): Steps<Buffer> {
    // Asked in one turn: what a part that ends meanwhile has counted would be told twice, or not at all.
    const told = [this.#left.families, ...Array.from(this.#parts, (part) => part()), processFamilies()];
    const all = new Tally();
    for (const families of told) yield* all.add(families, work);
    return yield* writeFamilies(all.families, format, work);
  }
}
