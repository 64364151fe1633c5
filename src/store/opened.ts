import type { Work } from '../budget/work.ts';

/**
 * What a value is that somebody has looked into. What it takes counts for each batch that does, once: the
 * others may hold it when the first has ended.
 */
export class Opened {
  readonly value: unknown;
  readonly #bytes: number;
  readonly #first: Work;
  #others: WeakSet<Work> | undefined;

  /** Its bytes have been counted for the batch that opened it. */
  constructor(value: unknown, bytes: number, first: Work) {
    this.value = value;
    this.#bytes = bytes;
    this.#first = first;
  }

  /** The value, for a batch. */
  for(work: Work): unknown {
    if (work === this.#first || this.#others?.has(work)) return this.value;
    work.opens(this.#bytes);
    (this.#others ??= new WeakSet()).add(work);
    return this.value;
  }
}
