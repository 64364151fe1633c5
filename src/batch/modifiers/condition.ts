import { isLeaf } from '../../json/leaf.ts';
import { isObject, keysOf, memberOf } from '../../json/members.ts';
import { comparing, plain } from '../../json/compare.ts';
import type { Steps } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import { isPlainReference } from '../../store/placeholder.ts';
import { fillValue, type Given } from '../template/fill-template.ts';
import { readTemplate, type Findings } from '../template/read-template.ts';
import { plainOf, type Reference } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';

/** A planned condition: both sides are templates. */
export type Condition = Test & {
  /** Those that it needs beside the ones of a condition before it. */
  readonly references: readonly Reference[];
};

type Test =
  | { readonly test: 'holds'; readonly value: unknown }
  | { readonly test: 'equals' | 'in'; readonly left: unknown; readonly right: unknown };

/** Reads a `when` or `unless`: `{"equals": [a, b]}`, `{"in": [a, list]}`, or a value. */
export function readCondition(value: unknown, at: Spot, findings: Findings): Condition {
  const before = findings.references.length;
  const test = readTest(value, at, findings);
  return { ...test, references: plainOf(findings.references.slice(before)) };
}

function readTest(value: unknown, at: Spot, findings: Findings): Test {
  if (isObject(value)) {
    const [test, ...others] = keysOf(value);
    if (others.length === 0 && (test === 'equals' || test === 'in')) {
      const sides = memberOf(value, test);
      if (Array.isArray(sides) && sides.length === 2) {
        const left = readTemplate(sides[0], at.below(test).below(0), findings);
        const right = readTemplate(sides[1], at.below(test).below(1), findings);
        if (test === 'in' && !Array.isArray(right) && !isPlainReference(right)) {
          findings.report(at.below(test).below(1), 'a list or a reference to one is allowed here');
        }
        return { test, left, right };
      }
      findings.report(at.below(test), test === 'in' ? 'a value and a list: [a, list]' : 'two values: [a, b]');
    }
  }
  return { test: 'holds', value: readTemplate(value, at, findings) };
}

/** Whether a condition holds. */
export function* holds(condition: Condition, given: Given): Steps<boolean> {
  const { work } = given.budgets;
  if (condition.test === 'holds') {
    const value = yield* fillValue(condition.value, given);
    // Only how long a list is matters, and nothing of an object.
    if (typeof value === 'object' && value !== null && !isLeaf(value)) return !Array.isArray(value) || value.length > 0;
    const known = plain(value);
    return known !== false && known !== null && known !== 0 && known !== '';
  }
  const left = yield* fillValue(condition.left, given);
  const right = yield* fillValue(condition.right, given);
  if (condition.test === 'equals') return yield* comparing(left, right, work);
  if (plain(right) === null) return false;
  if (!Array.isArray(right)) throw new CodapError('INVALID', 'the second part of "in" is not a list');
  for (const member of right) if (yield* comparing(left, member, work)) return true;
  return false;
}
