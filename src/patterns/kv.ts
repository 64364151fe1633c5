import { quiet } from './deferred.ts';
import { Entry, type Handle, type Keyed, type Slot } from './handle.ts';
import type { Call, Task } from './task.ts';
import { Tasks } from './tasks.ts';

class KeyedEntry<T> extends Entry<T> implements Keyed {
  readonly key: string;

  constructor(index: number, key: string) {
    super(index);
    this.key = key;
  }
}

/**
 * Results by key, like a dictionary; reading a key waits for that key alone, as often as one likes. A key
 * that is put again is replaced, as in a dictionary. Who holds the former handle still gets its result; the
 * KV knows the new one alone.
 */
export class KV<T = unknown> extends Tasks<T> {
  readonly #entries = new Map<string, KeyedEntry<T>>();
  /** All that were put before this one have arrived, or are former ones. */
  #pending = 0;

  /**
   * Starts a task with its arguments under a key; without a task, opens a slot there, to be filled by hand.
   */
  put<R extends T = T>(key: string): Slot<R> & Keyed;
  put<R extends T, A extends unknown[]>(key: string, task: Task<R, A>, ...args: A): Handle<R> & Keyed;
  put(key: string, ...call: Call<T>): Handle<T> & Keyed {
    const entry = new KeyedEntry<T>(this.count, key);
    this.#entries.set(key, entry);
    this.add(entry);
    return this.run(entry, call);
  }

  /** Puts a value, what a promise becomes, or what a function, called without arguments, gives. */
  set(key: string, result: (() => T | PromiseLike<T>) | T | PromiseLike<T>): this {
    if (typeof result === 'function') this.put(key, result as () => T | PromiseLike<T>);
    else this.put(key).fill(result);
    return this;
  }

  /** Waits for one key; rejects with its task's error, or with a RangeError if nothing was put there. */
  get(key: string): Promise<T> {
    const entry = this.#entries.get(key);
    return entry
      ? entry.promise
      : quiet(Promise.reject(new RangeError(`nothing was put under the key ${JSON.stringify(key)}`)));
  }

  /** Whether something was put under the key, settled or not. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** The keys, in the order in which they were first put. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Each key with the promise of its value, without waiting: `new Map(kv)`, `Object.fromEntries(kv)`. */
  *entries(): IterableIterator<[string, Promise<T>]> {
    for (const [key, entry] of this.#entries) yield [key, entry.promise];
  }

  /** The same as `entries()`. */
  [Symbol.iterator](): IterableIterator<[string, Promise<T>]> {
    return this.entries();
  }

  /**
   * Waits for all keys put by now: an object of their values without a prototype, to spread into a template's
   * context. Rejects with the first failure.
   */
  toObject(): Promise<Record<string, T>> {
    const gather = async () => {
      const pairs = await Promise.all([...this].map(async ([key, value]) => [key, await value] as const));
      const values = Object.create(null) as Record<string, T>;
      for (const [key, value] of pairs) values[key] = value;
      return values;
    };
    return quiet(gather());
  }

  /**
   * Yields `[key, value]` in order of arrival, from the first on in each loop, until every key was there.
   * Throws a failed task's error when its turn comes; leaving the loop early cancels what has not settled.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<[string, T]> {
    let place = 0;
    return this.loop(async () => {
      while (this.#mayArrive(place)) {
        const turn = place++;
        await this.arrival(turn);
        const entry = this.arrivals[turn] as KeyedEntry<T>;
        if (this.#entries.get(entry.key) === entry) return { done: false, value: [entry.key, entry.read()] };
      }
      return { done: true, value: undefined };
    });
  }

  /** A former task of a key put twice is not waited for. */
  #mayArrive(place: number): boolean {
    if (place < this.arrivals.length || this.count === this.size) return place < this.count;
    for (; this.#pending < this.count; this.#pending += 1) {
      const entry = this.added[this.#pending] as KeyedEntry<T>;
      if (!entry.settled && this.#entries.get(entry.key) === entry) return true;
    }
    return false;
  }
}
