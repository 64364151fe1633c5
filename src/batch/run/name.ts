import { CodapError } from '../../errors.ts';
import { toText } from '../../json/leaf.ts';
import type { Steps } from '../../budget/work.ts';
import type { Batch } from './batch.ts';
import { fillValue, type Values } from './fill-template.ts';
import { follow } from '../../json/pointer.ts';
import { plainReferences, type Reference } from '../plan/reference.ts';

/** What `as` comes to. Throws INVALID for what is no name, or too long for one. */
export function* nameFrom(as: Reference, values: Values, batch: Batch): Steps<string> {
  const name = toText(yield* fillValue(as, values, batch));
  const { keyChars } = batch.options.limits;
  if (name === undefined) throw new CodapError('INVALID', 'as takes a string, a number, a boolean, an id or a date');
  if (name.length > keyChars) throw new CodapError('INVALID', `a name has at most ${keyChars} characters`);
  return name;
}

/** A name made of the current item alone: known before anything else, so that a query that is then skipped bears it too. */
export function* nameByItem(as: Reference, item: unknown, batch: Batch): Steps<string | undefined> {
  const values = new Map<Reference, unknown>();
  for (const reference of plainReferences(as)) {
    if (reference.target?.from !== 'item') return undefined;
    const there = yield* follow(item, reference.steps, batch.work);
    if (!there.found) return undefined;
    values.set(reference, there.value);
  }
  try {
    return yield* nameFrom(as, values, batch);
  } catch (error) {
    // What is no name is told when its turn comes.
    if (error instanceof CodapError && error.code === 'INVALID') return undefined;
    throw error;
  }
}
