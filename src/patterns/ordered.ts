import { quiet } from './deferred.ts';
import { Entry, type Handle, type Slot } from './handle.ts';
import type { Call, Task } from './task.ts';
import { Tasks } from './tasks.ts';

/**
 * Results in the order in which their tasks were pushed, whenever they arrive; may be iterated again and
 * again.
 */
export class Ordered<T = unknown> extends Tasks<T> {
  readonly #entries: Entry<T>[] = [];

  /** Starts a task with its arguments; without a task, opens a slot, to be filled by hand. */
  push<R extends T = T>(): Slot<R>;
  push<R extends T, A extends unknown[]>(task: Task<R, A>, ...args: A): Handle<R>;
  push(...call: Call<T>): Handle<T> {
    const entry = new Entry<T>(this.count);
    this.#entries.push(entry);
    this.add(entry);
    return this.run(entry, call);
  }

  /** How many were pushed. */
  get length(): number {
    return this.#entries.length;
  }

  /**
   * Waits for the one at an index, from the end if negative; rejects with its task's error, or with a
   * RangeError if nothing was pushed there.
   */
  at(index: number): Promise<T> {
    const entry = Number.isSafeInteger(index) ? this.#entries.at(index) : undefined;
    return entry ? entry.promise : quiet(Promise.reject(new RangeError(`nothing was pushed at the index ${index}`)));
  }

  /**
   * Waits for part of what was pushed by now, with the bounds of `Array.prototype.slice`; rejects with the
   * first failure in it.
   */
  slice(start?: number, end?: number): Promise<T[]> {
    return quiet(Promise.all(this.#entries.slice(start, end).map((entry) => entry.promise)));
  }

  protected override held(): Iterable<Entry<T>> {
    return this.#entries;
  }

  /** They are read in the order in which they were pushed. */
  protected override onArrival(): void {}

  /**
   * Yields in push order, from the first on in each loop, until nothing that was pushed is left.
   * Throws a failed task's error when its turn comes, and so does each new loop, which begins anew: who calls
   * `next()` of one iterator goes on after it, as `at` does. Leaving the loop early cancels what has not
   * settled.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    let index = 0;
    return this.loop(async () => {
      const entry = this.#entries[index];
      if (!entry) return { done: true, value: undefined };
      index += 1;
      return { done: false, value: await entry.promise };
    });
  }
}
