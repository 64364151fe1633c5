import { quiet } from './deferred.ts';
import { Entry, type Handle, type Keyed, type Slot } from './handle.ts';
import type { Call, Task } from './task.ts';
import { Tasks } from './tasks.ts';

class KeyedEntry<T> extends Entry<T> implements Keyed {
  readonly key: string;
  /** In the order of arrival, once it has settled. */
  place = -1;

  constructor(index: number, key: string) {
    super(index);
    this.key = key;
  }
}

/**
 * Results by key, like a dictionary; reading a key waits for that key alone, as often as one likes. A key
 * that is put again is replaced, as in a dictionary, and `delete` lets go of one. Who holds the former handle
 * still gets its result; the KV knows the new one alone.
 */
export class KV<T = unknown> extends Tasks<T> {
  readonly #entries = new Map<string, KeyedEntry<T>>();
  /** Those replaced or deleted that have not settled: their tasks run, and their handles may be held. */
  readonly #former = new Set<KeyedEntry<T>>();
  /** Those that have settled, in order of arrival; of one that was let go of since, its place alone. */
  #arrivals: (KeyedEntry<T> | { readonly place: number })[] = [];
  /** How many of these were let go of: fewer than half. */
  #forgotten = 0;

  /**
   * Starts a task with its arguments under a key; without a task, opens a slot there, to be filled by hand.
   */
  put<R extends T = T>(key: string): Slot<R> & Keyed;
  put<R extends T, A extends unknown[]>(key: string, task: Task<R, A>, ...args: A): Handle<R> & Keyed;
  put(key: string, ...call: Call<T>): Handle<T> & Keyed {
    const entry = new KeyedEntry<T>(this.count, key);
    const former = this.#entries.get(key);
    if (former) this.#forget(former);
    this.#entries.set(key, entry);
    this.add(entry);
    return this.run(entry, call);
  }

  /**
   * Puts a value, what a promise becomes, or what a function, called without arguments, gives: one that is
   * itself the value is put as `() => fn`.
   */
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

  /**
   * Lets go of a key and its value; answers whether it was there. As where it is put again, its task is not
   * ended, and who holds the handle still gets the result. Loops wait for it no longer.
   */
  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    this.#forget(entry);
    if (!entry.settled) this.wake(this.settledCount);
    return true;
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
   * Throws a failed task's error when its turn comes, and so does each new loop, which begins anew: who calls
   * `next()` of one iterator goes on after it, as `entries()` do. Leaving the loop early cancels what has not
   * settled.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<[string, T]> {
    let place = 0;
    const next = async (): Promise<IteratorResult<[string, T], undefined>> => {
      for (;;) {
        const arrived = this.#arrivals[this.#indexFrom(place)];
        if (arrived) {
          place = arrived.place + 1;
          if (arrived instanceof KeyedEntry) return { done: false, value: [arrived.key, arrived.read()] };
        } else if (this.#isWaiting) await this.arrival(this.settledCount);
        else return { done: true, value: undefined };
      }
    };
    // Calls that did not wait for each other are answered one after the other, as by an async generator.
    let before: Promise<unknown> = Promise.resolve();
    return this.loop(() => (before = before.then(next, next)));
  }

  protected override *held(): Iterable<Entry<T>> {
    yield* this.#former;
    yield* this.#entries.values();
  }

  protected override onArrival(entry: KeyedEntry<T>, place: number): void {
    if (this.#former.delete(entry)) return;
    entry.place = place;
    this.#arrivals.push(entry);
  }

  /** Lets go of one, and from time to time of the places of those before. */
  #forget(former: KeyedEntry<T>): void {
    if (!former.settled) return void this.#former.add(former);
    const { place } = former;
    this.#arrivals[this.#indexFrom(place)] = { place };
    this.#forgotten += 1;
    if (this.#forgotten < this.#arrivals.length / 2) return;
    this.#arrivals = this.#arrivals.filter((arrived) => arrived instanceof KeyedEntry);
    this.#forgotten = 0;
  }

  /** Whether a key has not arrived; a former task of it is not waited for. */
  get #isWaiting(): boolean {
    return this.#arrivals.length - this.#forgotten < this.size;
  }

  /** The index of the first arrival at or behind a place. */
  #indexFrom(place: number): number {
    let from = 0;
    let to = this.#arrivals.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#arrivals[middle]!.place < place) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
