import { isLeaf } from '../../json/leaf.ts';
import { entriesOf, keysOf, memberOf, put } from '../../json/members.ts';
import { comparing, plain } from '../../json/write.ts';
import type { Steps, Work } from '../../budget/work.ts';
import type { Condition, Selection } from './node.ts';
import { follow, parsePointer } from '../../json/pointer.ts';
import { readTemplate, Reference, wordIn, type Findings } from './reference.ts';
import { CodapError } from '../../errors.ts';

/** Reads a `when` or `unless`: `{"equals": [a, b]}`, `{"in": [a, list]}`, or a value. */
export function readCondition(value: unknown, at: readonly (string | number)[], found: Findings): Condition {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [test, ...others] = keysOf(value);
    if (others.length === 0 && (test === 'equals' || test === 'in')) {
      const sides = memberOf(value, test);
      if (Array.isArray(sides) && sides.length === 2) {
        const left = readTemplate(sides[0], [...at, test, 0], found);
        const right = readTemplate(sides[1], [...at, test, 1], found);
        if (test === 'in' && !Array.isArray(right) && !(right instanceof Reference)) {
          found.report([...at, test, 1], 'a list or a reference to one is allowed here');
        }
        return { test, left, right };
      }
      found.report([...at, test], test === 'in' ? 'a value and a list: [a, list]' : 'two values: [a, b]');
    }
  }
  return { test: 'holds', value: readTemplate(value, at, found) };
}

/** Gives a template's value, null where a pointer leads nowhere. */
type Fill = (template: unknown) => Steps<unknown>;

/** Whether a condition holds. */
export function* holds(condition: Condition, fill: Fill, work: Work): Steps<boolean> {
  if (condition.test === 'holds') {
    const value = yield* fill(condition.value);
    // Only how long a list is matters, and nothing of an object.
    if (typeof value === 'object' && value !== null && !isLeaf(value)) return !Array.isArray(value) || value.length > 0;
    const known = plain(value);
    return known !== false && known !== null && known !== 0 && known !== '';
  }
  const left = yield* fill(condition.left);
  const right = yield* fill(condition.right);
  if (condition.test === 'equals') return yield* comparing(left, right, work);
  if (right === null) return false;
  if (!Array.isArray(right)) throw new CodapError('INVALID', 'the second part of "in" is not a list');
  for (const member of right) if (yield* comparing(left, member, work)) return true;
  return false;
}

/** Reads a `select`: a pointer, a reference, or an object of these, to any depth. */
export function readSelection(
  value: unknown,
  at: readonly (string | number)[],
  found: Findings,
): Selection | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    if (wordIn(value)) return { kind: 'template', template: readTemplate(value, at, found) };
    const members: (readonly [string, Selection])[] = [];
    for (const [key, part] of entriesOf(value)) {
      const selection = pointerOf(part) ?? readSelection(part, [...at, key], found);
      if (selection) members.push([key, selection]);
    }
    return { kind: 'object', members };
  }
  const pointer = pointerOf(value);
  if (pointer) return pointer;
  if (typeof value === 'string') found.report(at, 'not a JSON Pointer: it is empty or begins with "/" (RFC 6901)');
  else found.report(at, 'a pointer, a reference, or an object of these is allowed here');
  return undefined;
}

function pointerOf(value: unknown): Selection | undefined {
  try {
    return typeof value === 'string' ? { kind: 'pointer', steps: parsePointer(value) } : undefined;
  } catch {
    return undefined;
  }
}

/** The reshaped value; a pointer that leads nowhere is null. */
export function* select(selection: Selection, value: unknown, fill: Fill, work: Work): Steps<unknown> {
  if (work.tick()) yield;
  if (selection.kind === 'template') return yield* fill(selection.template);
  if (selection.kind === 'pointer') {
    const there = yield* follow(value, selection.steps, work);
    return there.found ? there.value : null;
  }
  let shaped: object = {};
  for (const [key, part] of selection.members) shaped = put(shaped, key, yield* select(part, value, fill, work));
  return shaped;
}
