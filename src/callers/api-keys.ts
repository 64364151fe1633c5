import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Makes a key: 256 random bits, told from other secrets by how it begins. */
export function makeKey(): string {
  return `codap_${randomBytes(32).toString('base64url')}`;
}

/** A key as a configuration names it, from which nobody gets back to it. */
export function hashedKey(key: string): string {
  return `sha256:${hash('sha256', key)}`;
}

/** Keys that are known by their hashes, each with whom it belongs to. */
export class ApiKeys<T> {
  readonly #hashes: readonly Buffer[];
  readonly #owners: readonly T[];

  constructor(owners: readonly { readonly keys: readonly string[]; readonly owner: T }[]) {
    const all = owners.flatMap(({ keys, owner }) => keys.map((key) => ({ key, owner })));
    this.#hashes = all.map(({ key }) => Buffer.from(key.slice('sha256:'.length), 'hex'));
    this.#owners = all.map(({ owner }) => owner);
  }

  /**
   * Whose key this is, undefined if nobody's. It is compared with every key there is, each time as a whole,
   * so that how long that takes says nothing.
   */
  find(key: string): T | undefined {
    const given = hash('sha256', key, 'buffer');
    let found = -1;
    for (const [at, known] of this.#hashes.entries()) found = timingSafeEqual(known, given) ? at : found;
    return this.#owners[found];
  }
}
