import { quiet } from './deferred.ts';

/**
 * A loop over what `next` reads. Leaving it early, as by `return` or `throw`, calls `leave`. Where `next`
 * rejects, the others go on.
 */
export function loopOver<R>(
  next: () => Promise<IteratorResult<R, undefined>>,
  leave: () => unknown,
): AsyncIterableIterator<R> {
  const done = { done: true, value: undefined } as const;
  let left = false;
  const end = (): void => {
    left = true;
    leave();
  };
  return {
    next: () => (left ? Promise.resolve(done) : quiet(next())),
    // What a generator that delegates by `yield*` is given goes through to whoever gave it.
    return: async (value?: undefined) => {
      end();
      return { done: true, value };
    },
    // Without it, who delegates by `yield*` would get a TypeError in place of what was thrown.
    throw: async (error: unknown) => {
      end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
