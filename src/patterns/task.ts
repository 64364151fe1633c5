/** A function that is called with the arguments it was put or pushed with. */
export type Task<T, A extends unknown[] = []> = (...args: A) => T | PromiseLike<T>;

/** What all three patterns may be told. */
export interface Options {
  /** Its abort cancels whatever has not settled. */
  signal?: AbortSignal | undefined;
  /**
   * How many tasks may run at once, a positive integer; the others wait in order. Default: no bound. Results
   * that have arrived and wait for whoever reads them are not counted. A task that awaits another one of the
   * same instance keeps its place meanwhile: where such tasks hold all places, as one does with 1, none of
   * them ever ends.
   */
  concurrency?: number | undefined;
}

/** What `put`, after its key, and `push` take: a task with its arguments, or nothing for a slot. */
export type Call<T> = [] | Started<T>;

/** A task with its arguments. */
export type Started<T> = [task: Task<T, never[]>, ...args: unknown[]];

/** Whether it is waited for, as `await` decides. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
