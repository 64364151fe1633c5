/** What a store says about keeping its answer, for a cache alone: no answer shows it. */
export interface Freshness {
  /** Whether it may be kept at all. */
  readonly mayBeKept: boolean;
  /** Milliseconds for which the store need not be asked again; Infinity where it sets no end. */
  readonly freshMs: number;
  /** Whether it may still be served once these are over, before the store has been heard. */
  readonly mayBeStale: boolean;
  /** It is not all that the store says: what it said before of the same answer goes on beside it. */
  readonly isPartial?: true;
}

/** Of an answer that is for this one call. */
export const NOT_KEPT: Freshness = { mayBeKept: false, freshMs: 0, mayBeStale: false };
