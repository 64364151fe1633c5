import type { Steps } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import { follow } from '../../json/pointer.ts';
import { as } from '../modifiers/as.ts';
import type { Reference } from '../template/reference.ts';
import type { Batch } from './batch.ts';

/**
 * A name made of the current item alone: known before anything else, so that a query that is then skipped
 * bears it, too. Undefined if it is made of more.
 */
export function* nameByItem(name: Reference, item: unknown, batch: Batch): Steps<string | undefined> {
  const values = new Map<Reference, unknown>();
  for (const reference of name.plain) {
    if (reference.target?.from !== 'item') return undefined;
    const there = yield* follow(item, reference.steps, batch.work);
    if (!there.found) return undefined;
    values.set(reference, there.value);
  }
  try {
    return yield* as.apply(name, { values, budgets: batch });
  } catch (error) {
    // What is no name is told when its turn comes.
    if (error instanceof CodapError && error.code === 'INVALID') return undefined;
    throw error;
  }
}
