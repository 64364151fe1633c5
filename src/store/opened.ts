import type { Steps, Work } from '../budget/work.ts';

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

/**
 * Opens what somebody reads for a batch, unless it is `known` by then. What has been counted for that is let
 * go of where it fails, goes on no more, or somebody else was faster.
 */
export function* openedBy(
  reading: Steps<unknown>,
  counted: { readonly bytes: number },
  work: Work,
  known: () => Opened | undefined,
): Steps<Opened> {
  let mine: Opened | undefined;
  try {
    const value = yield* reading;
    return known() ?? (mine = new Opened(value, counted.bytes, work));
  } finally {
    if (!mine) work.drops(counted.bytes);
  }
}
