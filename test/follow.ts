import { follow as following, type There } from '../src/json/pointer.ts';
import { atOnce } from '../src/budget/work.ts';
import { unbounded } from './unbounded.ts';

/** Follows steps into a value, at once. */
export function follow(value: unknown, steps: readonly string[]): There {
  return atOnce(following(value, steps, unbounded().work));
}
