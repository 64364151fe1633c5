/** The longest wait a timer can hold, in milliseconds: a longer one would be over at once. */
export const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls back at an instant (`performance.now()` ms), in a moment if that has passed. One that is further away
 * than a timer can hold comes as late as that can. Not before it, though timers leave out parts of a
 * millisecond. `now` is for who has just looked.
 */
export function atInstant(instant: number, then: () => void, now = performance.now()): NodeJS.Timeout {
  return setTimeout(then, Math.min(Math.ceil(Math.max(0, instant - now)), LONGEST_MS));
}
