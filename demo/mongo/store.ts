import type { Document } from 'bson';
import { toStoredView } from './bson.ts';
import { keyOf } from './compare.ts';

/** A document as its bytes, which are what is answered, and as mingo compares it. */
export interface Stored {
  readonly raw: Uint8Array;
  readonly view: Document;
}

/** The documents of one collection by `_id`, in the order they were inserted. */
export class Collection {
  readonly #documents = new Map<string, Stored>();
  /**
   * Key patterns by index name. They only answer for `hint` and `listIndexes`: nothing is looked up in them.
   */
  readonly indexes = new Map<string, Document>([['_id_', { _id: 1 }]]);

  get size(): number {
    return this.#documents.size;
  }

  all(): IteratorObject<Stored> {
    return this.#documents.values();
  }

  /**
   * Those among which all matches of the filter are: found by `_id` where it asks for one, else every
   * document.
   */
  candidates(filter: Document): IteratorObject<Stored> {
    const ids = wantedIds(filter);
    if (!ids) return this.all();
    const found = new Set(ids.map((id) => this.#documents.get(keyOf(id))));
    return found.values().filter((stored) => stored !== undefined);
  }

  /** False if there is a document with this `_id` already. */
  insert(raw: Uint8Array): boolean {
    // A copy: the bytes may be a window on a whole network buffer.
    const stored = { raw: Uint8Array.from(raw), view: toStoredView(raw) };
    const key = keyOf(stored.view._id);
    if (this.#documents.has(key)) return false;
    this.#documents.set(key, stored);
    return true;
  }

  replace(previous: Stored, raw: Uint8Array): void {
    this.#documents.set(keyOf(previous.view._id), { raw, view: toStoredView(raw) });
  }

  remove({ view }: Stored): void {
    this.#documents.delete(keyOf(view._id));
  }
}

function wantedIds({ _id: id }: Document): unknown[] | undefined {
  if (id === undefined || id === null || id instanceof RegExp || Array.isArray(id)) return undefined;
  if (typeof id !== 'object' || '_bsontype' in id || id instanceof Date) return [id];
  if (Object.hasOwn(id, '$eq')) return [id.$eq];
  const list: unknown = Object.hasOwn(id, '$in') ? id.$in : undefined;
  return Array.isArray(list) && !list.some((member) => member instanceof RegExp) ? list : undefined;
}

/** Databases and their collections, made when first written to. */
export class Store {
  readonly #databases = new Map<string, Map<string, Collection>>();

  collections(database: string): ReadonlyMap<string, Collection> {
    return this.#databases.get(database) ?? new Map<string, Collection>();
  }

  /** For reading: a collection that is not there is empty. */
  read(database: string, name: string): Collection {
    return this.collections(database).get(name) ?? new Collection();
  }

  write(database: string, name: string): Collection {
    const collections = this.#databases.get(database) ?? new Map<string, Collection>();
    this.#databases.set(database, collections);
    const collection = collections.get(name) ?? new Collection();
    collections.set(name, collection);
    return collection;
  }

  drop(database: string, name: string): void {
    this.#databases.get(database)?.delete(name);
  }
}
