/**
 * One result that is there now or later. Its promise is made when first read: a failure that nobody reads is
 * no unhandled rejection.
 */
export class Deferred<T> {
  #outcome?: PromiseSettledResult<T>;
  #promise?: Promise<T>;
  #report?: (outcome: PromiseSettledResult<T>) => void;

  /** True once it was settled. */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** The same promise at each reading. */
  get promise(): Promise<T> {
    if (this.#promise) return this.#promise;
    const promise = new Promise<T>((resolve, reject) => {
      this.#report = (outcome) => (outcome.status === 'fulfilled' ? resolve(outcome.value) : reject(outcome.reason));
    });
    this.#promise = quiet(promise);
    if (this.#outcome) this.#report?.(this.#outcome);
    return promise;
  }

  /** Settles it; false, and without effect, if it was settled before. */
  settle(outcome: PromiseSettledResult<T>): boolean {
    if (this.#outcome) return false;
    this.#outcome = outcome;
    this.#report?.(outcome);
    return true;
  }

  /** The value of a settled one, at once; throws its error if it failed. */
  read(): T {
    if (!this.#outcome) throw new Error('read() comes after settle()');
    if (this.#outcome.status === 'rejected') throw this.#outcome.reason;
    return this.#outcome.value;
  }
}

/** The same promise, which may now reject without anybody listening. */
export function quiet<P extends Promise<unknown>>(promise: P): P {
  promise.catch(() => {});
  return promise;
}
