import { Deferred } from './deferred.ts';

/** What `put` and `push` return: awaiting it waits for this one result. */
export interface Handle<T> extends PromiseLike<T> {
  /** Its place in the order of `put` or `push`, from 0. */
  readonly index: number;
}

/** A result to be filled in by hand. Only the first `fill` or `fail` counts, as with a promise. */
export interface Slot<T> extends Handle<T> {
  /** Settles it with a value, or with what a promise becomes. */
  fill(value: T | PromiseLike<T>): void;
  /** Settles it with an error. */
  fail(error: unknown): void;
}

/** The key under which a handle stands in its KV. */
export interface Keyed {
  readonly key: string;
}

/** A result with its place; what handles are made of. */
export class Entry<T> extends Deferred<T> implements Handle<T> {
  readonly index: number;

  constructor(index: number) {
    super();
    this.index = index;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what a handle is for
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.promise.then(onValue, onError);
  }
}
