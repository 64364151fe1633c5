import { isLeaf } from '../../json/leaf.ts';
import { isObject, keysOf, memberOf } from '../../json/members.ts';
import { comparing, plain } from '../../json/compare.ts';
import type { Steps } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import { isPlainReference } from '../../store/placeholder.ts';
import { fillValue, type Given } from '../template/fill-template.ts';
import { hasReference, readTemplate, type Findings } from '../template/read-template.ts';
import { plainOf, Reference } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';

/** A planned condition: both sides are templates. */
export type Condition = Test & {
  /** Those that it needs beside the ones of a condition before it. */
  readonly references: readonly Reference[];
};

type Test =
  | { readonly test: 'holds'; readonly value: unknown }
  | { readonly test: 'equals' | 'in'; readonly left: unknown; readonly right: unknown };

/** What a condition may be, as its faults tell. */
const ALLOWED = '{"equals": [a, b]}, {"in": [a, list]}, a reference, or an object without one is allowed here';

/** The same, as a schema tells. */
export const CONDITION =
  'A condition is {"equals": [a, b]}, {"in": [a, list]}, or a value, which holds unless it is false, null, 0, "" or [].';

/** Reads a `when` or `unless`: `{"equals": [a, b]}`, `{"in": [a, list]}`, or a value. */
export function readCondition(value: unknown, at: Spot, findings: Findings): Condition {
  const before = findings.references.length;
  const test = readTest(value, at, findings);
  return { ...test, references: plainOf(findings.references.slice(before)) };
}

function readTest(value: unknown, at: Spot, findings: Findings): Test {
  const [test, ...others] = isObject(value) ? keysOf(value) : [];
  if (others.length === 0 && (test === 'equals' || test === 'in')) {
    const sides = memberOf(value as object, test);
    if (Array.isArray(sides) && sides.length === 2) return readSides(test, sides, at.below(test), findings);
    findings.report(at.below(test), test === 'in' ? 'a value and a list: [a, list]' : 'two values: [a, b]');
  }
  const template = readTemplate(value, at, findings);
  if (refersWithin(template)) findings.report(at, `it holds as soon as what it refers to is there; ${ALLOWED}`);
  return { test: 'holds', value: template };
}

function readSides(test: 'equals' | 'in', sides: readonly unknown[], at: Spot, findings: Findings): Test {
  const left = readTemplate(sides[0], at.below(0), findings);
  const right = readTemplate(sides[1], at.below(1), findings);
  if (test === 'in' && !Array.isArray(right) && !isPlainReference(right))
    findings.report(at.below(1), 'a list or a reference to one is allowed here');
  return { test, left, right };
}

/** Whether a reference stands in an object: that holds, whatever is in it, and was meant to decide. */
function refersWithin(template: unknown): boolean {
  if (Array.isArray(template)) return template.some(refersWithin);
  return isObject(template) && !(template instanceof Reference) && hasReference(template);
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
