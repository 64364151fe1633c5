import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { KnownCaller } from './known-caller.ts';

/** A token is verified again after so many milliseconds: keys are withdrawn, too. */
const KEPT_MS = 10_000;

/** So many tokens are known at a time. */
const MOST = 1000;

/**
 * Tokens that were verified of late, with whose they are: verifying one costs more than most else of a small
 * batch. They are known by their SHA-256, so that no token is kept, and never beyond their end.
 */
export class VerifiedTokens {
  readonly #kept = new LRUCache<string, { readonly caller: KnownCaller; readonly until: number }>({ max: MOST });

  /** Whose token this is, if it was verified of late. */
  find(token: string): KnownCaller | undefined {
    const found = this.#kept.get(hash('sha256', token));
    return found && Date.now() < found.until ? found.caller : undefined;
  }

  /** Notes one that was just verified and ends at `exp`, in seconds since 1970. */
  add(token: string, caller: KnownCaller, exp: number): void {
    const until = Math.min(Date.now() + KEPT_MS, exp * 1000);
    this.#kept.set(hash('sha256', token), { caller, until });
  }
}
