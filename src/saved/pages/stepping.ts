import type { Steps } from '../../budget/work.ts';
import type { Bounds } from './bounds.ts';

/** Steps that are counted at once. */
const COUNTED = 32;

/** Generators that may be open at a time; an `include`, an `if` or a `for` takes three, a `block` four. */
const DEEPEST = 1000;

/**
 * Runs a generator of LiquidJS, which yields generators whose results it waits for, in turns with others:
 * what `toValueSync` of LiquidJS does at once.
 */
export function* stepping(first: Iterator<unknown>, bounds: Bounds): Steps<unknown> {
  const open = [first];
  let value: unknown;
  let isThrown = false;
  for (let steps = 1; ; steps++) {
    if (!isThrown && steps % COUNTED === 0) {
      try {
        bounds.tick(COUNTED);
      } catch (error) {
        // It is thrown where the template stands, which says where that is.
        value = error;
        isThrown = true;
      }
    }
    if (bounds.isDue()) yield;
    const top = open[open.length - 1];
    if (!top) {
      if (isThrown) throw value;
      return value;
    }
    try {
      const step = isThrown ? top.throw?.(value) : top.next(value);
      isThrown = false;
      value = step?.value;
      if (step?.done) open.pop();
    } catch (error) {
      open.pop();
      value = error;
      isThrown = true;
      continue;
    }
    if (isGenerator(value)) {
      if (open.length >= DEEPEST) {
        value = new Error('templates, blocks, or lists that are compared are nested too deep');
        isThrown = true;
        continue;
      }
      open.push(value);
      value = undefined;
    }
  }
}

function isGenerator(value: unknown): value is Iterator<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Iterator<unknown>).next === 'function' &&
    typeof (value as Iterator<unknown>).throw === 'function'
  );
}
