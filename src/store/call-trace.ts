import type { Code } from '../errors.ts';

/** One attempt at the store, from when it left until it was answered. Instants, `performance.now()` ms. */
export interface Attempt {
  readonly started: number;
  /** Absent while it runs. */
  ended?: number;
  /** Why it failed. */
  code?: Code;
  /** It was sent because an earlier one took long. */
  readonly hedge?: true;
}

/** What the layers tell of one call, where its batch is traced. */
export interface CallTrace {
  readonly attempts: Attempt[];
  /** Where a cache was asked: what it had. */
  cache?: 'hit' | 'stale' | 'miss';
  /** It joined a call that somebody else had begun. */
  shared?: 'coalesced' | 'merged';
  /** When it left for the store, or joined a call that had: an instant. */
  started?: number;
}
