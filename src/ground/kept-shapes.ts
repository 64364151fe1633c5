const kept: object[] = [];

/**
 * Keeps an object whose fields have changed, for V8. What no object of a class has changed yet it takes for
 * constant, and throws away all that it compiled by that at the first change: where the first client leaves
 * in the middle, half of what a batch runs, so that batches take twice their time for a second. It knows of a
 * change as long as such an object lives.
 */
export function keepChanged(object: object): void {
  kept.push(object);
}
