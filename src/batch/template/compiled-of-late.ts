import { LRUCache } from 'lru-cache';
import type { Values } from './fill-template.ts';

/** How many are kept of all queries together. */
const MOST = 4000;
/** Pieces of work above which a template is too large to be kept many times: about four kilobytes. */
const HEAVIEST = 64;
/** Characters of a text above which it is not likely to come again. */
const LONGEST = 256;

/**
 * What the queries of saved batches were compiled to of late, by what was filled in: what a page asks of one
 * product it asks again, and that is then neither filled in, checked nor compiled anew.
 */
export class CompiledOfLate {
  readonly #kept = new LRUCache<string, object>({ max: MOST });
  #queries = 0;

  /** The share of one more query. */
  share(): Share {
    this.#queries += 1;
    return new Share(this.#kept, String(this.#queries));
  }
}

/** What one query was compiled to of late. */
export class Share {
  readonly #kept: LRUCache<string, object>;
  readonly #query: string;

  constructor(kept: LRUCache<string, object>, query: string) {
    this.#kept = kept;
    this.#query = query;
  }

  /**
   * A text that tells what is filled in from all else; undefined where that is no scalar or large, or the
   * template is, by the pieces of work that it takes to go through it.
   */
  keyOf(values: Values, weight: number): string | undefined {
    if (weight > HEAVIEST) return undefined;
    let key = this.#query;
    for (const value of values.values()) {
      // A text has its length before it, so that no two lists of values are written alike.
      if (typeof value === 'string' && value.length <= LONGEST) key += `,${value.length}"${value}`;
      else if (value === null || typeof value === 'boolean') key += `,${value}`;
      else if (typeof value === 'number' && !Object.is(value, -0)) key += `,${value}`;
      else return undefined;
    }
    return key;
  }

  get(key: string): object | undefined {
    return this.#kept.get(key);
  }

  set(key: string, compiled: object): void {
    this.#kept.set(key, compiled);
  }
}
