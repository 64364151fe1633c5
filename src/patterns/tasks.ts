import { Deferred } from './deferred.ts';
import type { Entry, Slot } from './handle.ts';
import { loopOver } from './loop.ts';
import { OwnSignal, type Cancelled } from './own-signal.ts';
import { isPromiseLike, type Call, type Options, type Started, type Task } from './task.ts';
import { whenAborted } from '../ground/when-aborted.ts';

interface Job<T> {
  readonly entry: Entry<T>;
  readonly task: Task<T, never[]>;
  readonly args: unknown[];
  next?: Job<T>;
}

/** How many starts of one instance may stand within each other on the stack, each in the task before it. */
const NESTED_STARTS = 100;

/**
 * What the three patterns have in common: tasks start in the turn in which they are added, at most
 * `concurrency` at once; each settles its own entry, exactly once; `cancel` rejects the rest.
 */
export abstract class Tasks<T> {
  readonly #outer: AbortSignal | undefined;
  readonly #concurrency: number;
  readonly #awaited = new Map<number, Deferred<void>>();
  #allSettled: Deferred<void> | undefined;
  #own?: OwnSignal;
  #cancelled?: Cancelled;
  #stopListening: (() => void) | undefined;
  #running = 0;
  #nested = 0;
  #first: Job<T> | undefined;
  #last: Job<T> | undefined;

  /** How many were added, and how many of these have settled. */
  protected count = 0;
  protected settledCount = 0;

  /** RangeError: `concurrency` is no positive integer. TypeError: `signal` is no AbortSignal. */
  constructor({ signal, concurrency = Infinity }: Options = {}) {
    if (concurrency !== Infinity && !(Number.isInteger(concurrency) && concurrency > 0))
      throw new RangeError('concurrency is a positive integer');
    // Else it would be found out by what is added, which nothing would ever settle.
    if (signal && typeof signal.addEventListener !== 'function') throw new TypeError('signal is an AbortSignal');
    this.#outer = signal;
    this.#concurrency = concurrency;
  }

  /**
   * For tasks, and for what is started beside them: aborts on `cancel`, with the outer signal, also when all
   * has settled, and where a loop is left while something has not. An outer signal that is not the runtime's
   * own, such as a polyfill's, is followed only until all has settled. One that lives long keeps this signal
   * as long as it has listeners: who adds one takes it back.
   */
  get signal(): AbortSignal {
    const cancelled = this.#whetherCancelled();
    this.#own ??= new OwnSignal(this.#outer, cancelled);
    return this.#own.signal;
  }

  /**
   * Rejects whatever has not settled, and whatever is added later, with `reason` (an AbortError by default);
   * a task that waits never starts.
   */
  cancel(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.#cancelled) return;
    this.#cancelled = { reason };
    this.#first = this.#last = undefined;
    for (const entry of this.held()) this.#settle(entry, { status: 'rejected', reason });
    for (const waiting of this.#awaited.values()) waiting.settle({ status: 'rejected', reason });
    this.#awaited.clear();
    this.#listen();
    this.#own?.abort(reason);
  }

  /** Resolves, to nothing, once all that was added, by now and until then, has settled, in whatever way. */
  allSettled(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    this.#allSettled ??= new Deferred();
    return this.#allSettled.promise;
  }

  /** All that have not settled, among others. */
  protected abstract held(): Iterable<Entry<T>>;

  /** One has settled, at this place in the order of arrival. */
  protected abstract onArrival(entry: Entry<T>, place: number): void;

  get #unsettled(): number {
    return this.count - this.settledCount;
  }

  /** Counts in an entry, which is held by now, made with `count` as its index. */
  protected add(entry: Entry<T>): void {
    this.count += 1;
    const cancelled = this.#whetherCancelled();
    if (cancelled) this.#settle(entry, { status: 'rejected', reason: cancelled.reason });
    else this.#listen();
  }

  /** Runs a task for an entry once there is room. Without a task the entry is a slot, which needs none. */
  protected run<E extends Entry<T>>(entry: E, call: Call<T>): E {
    if (call.length === 0) return this.#open(entry);
    if (entry.settled) return entry;
    const [task, ...args] = call as Started<T>;
    if (this.#first || !this.#hasRoom) this.#wait({ entry, task, args });
    else {
      this.#start(entry, task, args);
      // It may have added others, which waited for its place if it has ended, or for it to leave the stack.
      this.#startNext();
    }
    return entry;
  }

  /** Resolves when one has settled at this place; rejects if none ever will. */
  protected arrival(place: number): Promise<void> {
    if (place < this.settledCount) return Promise.resolve();
    const cancelled = this.#whetherCancelled();
    let waiting = this.#awaited.get(place);
    if (!waiting) {
      waiting = new Deferred();
      if (cancelled) waiting.settle({ status: 'rejected', reason: cancelled.reason });
      else this.#awaited.set(place, waiting);
      this.#listen();
    }
    return waiting.promise;
  }

  /** Lets those who wait for this place look again. */
  protected wake(place: number): void {
    this.#awaited.get(place)?.settle({ status: 'fulfilled', value: undefined });
    this.#awaited.delete(place);
  }

  /** A loop over what `next` reads. Leaving it early cancels what has not settled. */
  protected loop<R>(next: () => Promise<IteratorResult<R, undefined>>): AsyncIterableIterator<R> {
    return loopOver(next, () => this.#unsettled > 0 && this.cancel());
  }

  #open<E extends Entry<T>>(entry: E): E & Slot<T> {
    let given = false;
    const once = (result: () => T | PromiseLike<T>): void => {
      if (given) return;
      given = true;
      this.#follow(entry, result, []);
    };
    return Object.assign(entry, {
      fill: (value: T | PromiseLike<T>) => {
        // It does not count, and its failure is not to end the process.
        if (given && value instanceof Promise) value.catch(() => {});
        once(() => {
          // As with a promise (ECMA-262 §27.2.1.3.2), it would wait for ever.
          if (value === (entry as unknown)) throw new TypeError('a slot cannot be filled with itself');
          return value;
        });
      },
      fail: (error: unknown) =>
        once(() => {
          throw error;
        }),
    });
  }

  #wait(job: Job<T>): void {
    if (this.#last) this.#last.next = job;
    else this.#first = job;
    this.#last = job;
    this.#startNext();
  }

  get #hasRoom(): boolean {
    return this.#running < this.#concurrency && this.#nested < NESTED_STARTS;
  }

  #startNext(): void {
    while (this.#first && this.#hasRoom) {
      const { entry, task, args, next } = this.#first;
      this.#first = next;
      if (!next) this.#last = undefined;
      this.#start(entry, task, args);
    }
  }

  #start(entry: Entry<T>, task: Task<T, never[]>, args: unknown[]): void {
    this.#running++;
    this.#nested++;
    try {
      if (!this.#follow(entry, task, args, true)) this.#running--;
    } finally {
      this.#nested--;
    }
  }

  /** Settles an entry as a task turns out. True if that comes later, when one that `runs` makes room. */
  #follow(entry: Entry<T>, task: Task<T, never[]>, args: unknown[], runs = false): boolean {
    try {
      const result = task(...(args as never[]));
      if (isPromiseLike(result)) {
        void Promise.resolve(result).then(
          (value) => this.#settle(entry, { status: 'fulfilled', value }, runs),
          (reason: unknown) => this.#settle(entry, { status: 'rejected', reason }, runs),
        );
        return true;
      }
      this.#settle(entry, { status: 'fulfilled', value: result });
    } catch (reason) {
      this.#settle(entry, { status: 'rejected', reason });
    }
    return false;
  }

  #settle(entry: Entry<T>, outcome: PromiseSettledResult<T>, runs = false): void {
    if (entry.settle(outcome)) this.#arrived(entry);
    if (!runs) return;
    this.#running--;
    this.#startNext();
  }

  #arrived(entry: Entry<T>): void {
    const place = this.settledCount++;
    this.onArrival(entry, place);
    if (this.#awaited.size > 0) this.wake(place);
    if (this.#allSettled && this.#unsettled === 0) {
      this.#allSettled.settle({ status: 'fulfilled', value: undefined });
      this.#allSettled = undefined;
    }
    this.#listen();
  }

  /** An outer signal may have aborted while nobody listened, for nothing was unsettled. */
  #whetherCancelled(): Cancelled | undefined {
    if (!this.#cancelled && this.#outer?.aborted) this.cancel(this.#outer.reason);
    return this.#cancelled;
  }

  /**
   * Listens to the outer signal only while somebody would notice: a signal that lives long holds no finished
   * instance.
   */
  #listen(): void {
    if (!this.#outer) return;
    const needed = this.#unsettled > 0 || this.#awaited.size > 0;
    if (needed) this.#stopListening ??= whenAborted(this.#outer, () => this.cancel(this.#outer?.reason));
    else if (this.#stopListening) {
      this.#stopListening();
      this.#stopListening = undefined;
    }
  }
}
