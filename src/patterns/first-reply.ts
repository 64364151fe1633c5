import { quiet } from './deferred.ts';
import { Entry, type Handle, type Slot } from './handle.ts';
import type { Call, Task } from './task.ts';
import { Tasks } from './tasks.ts';

/**
 * Results in order of arrival, each read once by `next()` or a loop; takes more pushes while it is read and
 * after. It keeps them all, also those that were read, for `at` may ask for them again: where pushes never
 * end, begin a new one from time to time.
 */
export class FirstReply<T = unknown> extends Tasks<T> {
  readonly #pushed: Entry<T>[] = [];
  /** All that has settled, in order of arrival. */
  readonly #arrivals: Entry<T>[] = [];
  #read = 0;

  /** Starts a task with its arguments; without a task, opens a slot, to be filled by hand. */
  push<R extends T = T>(): Slot<R>;
  push<R extends T, A extends unknown[]>(task: Task<R, A>, ...args: A): Handle<R>;
  push(...call: Call<T>): Handle<T> {
    const entry = new Entry<T>(this.count);
    this.#pushed.push(entry);
    this.add(entry);
    return this.run(entry, call);
  }

  /** How many were pushed. */
  get length(): number {
    return this.count;
  }

  /** How many have arrived, read or not. */
  get arrived(): number {
    return this.#arrivals.length;
  }

  /**
   * The reply that arrives as number `place`, from 0. It may be asked for again, and before it is pushed;
   * that does not count as reading. Rejects with the task's error, with a RangeError for what is no place,
   * and with the reason of `cancel` for one that can no longer arrive.
   */
  at(place: number): Promise<T> {
    if (!Number.isSafeInteger(place) || place < 0)
      return quiet(Promise.reject(new RangeError(`no reply arrives at the place ${place}`)));
    return quiet(this.#arriving(place));
  }

  /**
   * Reads the first reply that nobody has read, and cancels nothing. `done` if every push was read. A failed
   * one rejects, and counts as read.
   */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#read >= this.count) return Promise.resolve({ done: true, value: undefined });
    const read = async (place: number) => ({ done: false as const, value: await this.#arriving(place) });
    return quiet(read(this.#read++));
  }

  /**
   * Yields what was not read, in order of arrival, until every push was read. Throws a failed task's error
   * when it arrives, not telling which push that was, and another loop goes on after it; leaving the loop
   * early cancels what has not settled.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.loop(() => this.next());
  }

  protected override held(): Iterable<Entry<T>> {
    return this.#pushed;
  }

  protected override onArrival(entry: Entry<T>): void {
    this.#arrivals.push(entry);
  }

  async #arriving(place: number): Promise<T> {
    await this.arrival(place);
    return (this.#arrivals[place] as Entry<T>).read();
  }
}
