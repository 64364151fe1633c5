import type { Steps } from '../../budget/work.ts';
import type { Value } from '../../store/payload.ts';
import type { Budgets, Given } from '../template/fill-template.ts';
import type { Modifiers } from './read-modifiers.ts';
import { choosing, reshaping, rescuing } from './stages.ts';

/** Whether a query or group is to run. */
export function* isChosen(said: Modifiers, given: Given): Steps<boolean> {
  for (const [name, { apply }] of choosing) {
    const condition = said[name];
    if (condition !== undefined && !(yield* apply(condition, given))) return false;
  }
  return true;
}

/** What is made of its value. Throws where it is refused. */
export function* reshape(said: Modifiers, value: Value, given: Given): Steps<Value> {
  let shaped = value;
  for (const [name, { apply }] of reshaping) {
    const how = said[name];
    if (how !== undefined) shaped = yield* apply(how, shaped, given);
  }
  return shaped;
}

/** The value that stands in for its failure, undefined if there is none. Throws TOO_LARGE. */
export function rescue(said: Modifiers, budgets: Budgets): Value | undefined {
  for (const [name, { apply }] of rescuing) {
    const value = said[name];
    if (value !== undefined) return apply(value, budgets);
  }
  return undefined;
}
