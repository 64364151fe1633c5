import type { CryptoKey, JSONWebKeySet, JWTHeaderParameters, createLocalJWKSet } from 'jose';

/** Nobody can make codap ask for a key set again more often than this, in milliseconds. */
const PAUSE_MS = 30_000;

/** The first pause while none could be had yet; each is twice the one before. */
const FIRST_PAUSE_MS = 1000;

/** A key set that came so long ago is asked for again, in milliseconds: keys are withdrawn, too. */
const STALE_MS = 600_000;

/** No key of an issuer could be had so far. */
export class NoKeys extends Error {}

/**
 * The public keys of an issuer. They are fetched when one is needed first, and again for one that is not
 * among them, but never twice within 30 seconds, or, before the first have come, within one second, two, four
 * and so on. While they cannot be had, those that are known do.
 */
export class KeySet {
  readonly #fetch: () => Promise<unknown>;
  #find: ReturnType<typeof createLocalJWKSet> | undefined;
  #names: ReadonlySet<unknown> = new Set();
  /** When they were asked for last, and when those that are known were: instants. */
  #asked = -Infinity;
  #asOf = -Infinity;
  /** How often they could not be had. */
  #misses = 0;
  #coming: Promise<void> | undefined;

  /** `fetch` answers them as the JSON of RFC 7517 §5. */
  constructor(fetch: () => Promise<unknown>) {
    this.#fetch = fetch;
  }

  /**
   * The key that a token names. Rejects where there is none that may verify it. `failed` hears of it if this
   * has them fetched and they do not come.
   */
  async keyFor(header: JWTHeaderParameters, failed: (error: unknown) => void): Promise<CryptoKey> {
    if (!this.#names.has(header.kid)) {
      this.#renew(failed);
      await this.#coming;
    } else if (performance.now() - this.#asOf > STALE_MS) this.#renew(failed);
    if (!this.#find) throw new NoKeys('no keys are known');
    return this.#find(header);
  }

  get #pauseMs(): number {
    return this.#find ? PAUSE_MS : Math.min(FIRST_PAUSE_MS * 2 ** (this.#misses - 1), PAUSE_MS);
  }

  #renew(failed: (error: unknown) => void): void {
    const now = performance.now();
    if (this.#coming || now - this.#asked < this.#pauseMs) return;
    this.#asked = now;
    this.#coming = this.#take()
      .catch((error: unknown) => {
        this.#misses += 1;
        failed(error);
      })
      .finally(() => (this.#coming = undefined));
  }

  async #take(): Promise<void> {
    const set = (await this.#fetch()) as JSONWebKeySet;
    const { createLocalJWKSet } = await import('jose');
    this.#find = createLocalJWKSet(set);
    this.#names = new Set(set.keys.map(({ kid }) => kid));
    this.#asOf = this.#asked;
  }
}
