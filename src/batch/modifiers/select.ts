import { z } from 'zod';
import type { Steps } from '../../budget/work.ts';
import { entriesOf, isObject, put } from '../../json/members.ts';
import { follow, isPointer, parsePointer } from '../../json/pointer.ts';
import { TypedValue } from '../../store/typed-value.ts';
import { fillValue, type Given } from '../template/fill-template.ts';
import { jsonObject } from '../template/json-object.ts';
import { readTemplate, wordIn, type Findings } from '../template/read-template.ts';
import type { Spot } from '../template/spot.ts';
import type { Reshapes } from './modifier.ts';

/** A planned `select`: a pointer into the value, a reference or constant, or an object of these. */
export type Selection =
  | { readonly kind: 'pointer'; readonly steps: readonly string[] }
  | { readonly kind: 'template'; readonly template: unknown }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Selection])[] };

/** `select`: another value, made of parts of its own and of what it refers to. */
export const select: Reshapes<Selection | undefined> = {
  schema: z
    .union([z.string(), jsonObject], 'a pointer or an object of pointers is allowed here')
    .optional()
    .meta({ description: 'Reshapes the value.' }),
  read: (value, at, { toReshape }) => (value === undefined ? undefined : readSelection(value, at, toReshape)),
  on: 'value',
  makesOne: true,
  *apply(selection, value, given) {
    const whole = value.read ? yield* value.read(given.budgets.work) : value.value;
    return new TypedValue(yield* selected(selection, whole, given), value.meta, value.mode);
  },
};

/** A pointer, a reference, or an object of these, to any depth. */
function readSelection(value: unknown, at: Spot, findings: Findings): Selection | undefined {
  if (isObject(value)) {
    if (wordIn(value)) return { kind: 'template', template: readTemplate(value, at, findings) };
    const members: (readonly [string, Selection])[] = [];
    for (const [key, part] of entriesOf(value)) {
      const selection = readSelection(part, at.below(key), findings);
      if (selection) members.push([key, selection]);
    }
    return { kind: 'object', members };
  }
  if (typeof value === 'string' && isPointer(value)) return { kind: 'pointer', steps: parsePointer(value) };
  if (typeof value === 'string') findings.report(at, 'not a JSON Pointer: it is empty or begins with "/" (RFC 6901)');
  else findings.report(at, 'a pointer, a reference, or an object of these is allowed here');
  return undefined;
}

/** A pointer that leads nowhere is null. */
function* selected(selection: Selection, value: unknown, given: Given): Steps<unknown> {
  const { work } = given.budgets;
  if (work.tick()) yield;
  if (selection.kind === 'template') return yield* fillValue(selection.template, given);
  if (selection.kind === 'pointer') {
    const there = yield* follow(value, selection.steps, work);
    return there.found ? there.value : null;
  }
  let shaped: object = {};
  for (const [key, part] of selection.members) shaped = put(shaped, key, yield* selected(part, value, given));
  return shaped;
}
