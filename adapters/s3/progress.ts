import { CodapError } from '../../src/errors.ts';
import type { Listing } from './page.ts';

/** So many empty pages may follow each other: a store may pass over deleted keys page by page. */
const EMPTY_PAGES = 100;

/**
 * Sees to it that a listing gets on from page to page: one that does not would be read for ever. No key and
 * no token may come twice. Keys need not ascend, since not every store sorts them.
 */
export class Progress {
  readonly #tokens = new Set<string>();
  /**
   * The first and the last key of each page: a page that comes again, or overlaps another, has one of them.
   */
  readonly #edges = new Set<string>();
  #empty = 0;

  constructor(token: string | undefined) {
    if (token !== undefined) this.#tokens.add(token);
  }

  /** Takes note of a page; throws BAD_RESPONSE for one that was there before. */
  note({ objects, prefixes, nextToken }: Listing): void {
    const keys = objects.map(({ key }) => key);
    const again = keys.some((key) => this.#edges.has(key)) || new Set(keys).size < keys.length;
    this.#empty = objects.length + prefixes.length > 0 ? 0 : this.#empty + 1;
    if (again || (nextToken !== null && this.#tokens.has(nextToken)) || this.#empty > EMPTY_PAGES)
      throw new CodapError('BAD_RESPONSE', 'the listing of the store does not get on');
    for (const key of [...keys.slice(0, 1), ...keys.slice(-1)]) this.#edges.add(key);
    if (nextToken !== null) this.#tokens.add(nextToken);
  }
}
