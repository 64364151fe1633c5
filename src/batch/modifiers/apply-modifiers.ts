import type { Steps } from '../../budget/work.ts';
import type { Value } from '../../store/payload.ts';
import type { Budgets, Given } from '../template/fill-template.ts';
import type { Reference } from '../template/reference.ts';
import type { Condition } from './condition.ts';
import type { Modifiers } from './read-modifiers.ts';
import { choosing, reshaping, rescuing } from './stages.ts';

/** One of the conditions on which a query or group runs. */
export interface Choice {
  /** What it needs to be judged. */
  readonly references: readonly Reference[];
  /** Whether it lets it run. */
  isMet(this: void, given: Given): Steps<boolean>;
}

/** What decides whether a query or group runs, in order: once one says no, the next are not looked at. */
export function* choicesOf(said: Modifiers): Generator<Choice, void> {
  for (const [name, { apply }] of choosing) {
    const condition = said[name] as Condition | undefined;
    if (condition) yield { references: condition.references, isMet: (given) => apply(condition, given) };
  }
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
