import { choicesOf } from '../modifiers/apply-modifiers.ts';
import { as } from '../modifiers/as.ts';
import { refersToNothing } from '../plan/node.ts';
import type { Values } from '../template/fill-template.ts';
import type { Reference } from '../template/reference.ts';
import { nameByItem } from './name-by-item.ts';
import type { Reply } from './reply.ts';
import type { RunningMember } from './running-member.ts';
import { doFor, type Patience, type Scope, throwIfLate } from './scope.ts';
import { readReferences, readToRun, type Waiting } from './wait.ts';

/** Of what refers to nothing, as most queries do. */
const NO_VALUES = new Map<Reference, unknown>();

/**
 * What a member refers to, once that is there and its name in a list is known; or how it ends, where that
 * cannot be had or it is not chosen. What is there already is not waited for.
 */
export function prepare(
  member: RunningMember,
  scope: Scope,
  patience: Patience,
): Values | Reply | Promise<Values | Reply> {
  const { node, trace } = member;
  if (trace?.after !== undefined) scope.batch.takeBytes(Buffer.byteLength(trace.after));
  const waiting = { patience, trace };
  if (node.isConditional || typeof node.as === 'object') return chosen(member, scope, waiting);
  return ready(member, scope, waiting, refersToNothing(node) ? NO_VALUES : new Map<Reference, unknown>());
}

function ready(
  { node }: RunningMember,
  scope: Scope,
  waiting: Waiting,
  values: Map<Reference, unknown>,
): ReturnType<typeof prepare> {
  const reading = readToRun(node, scope, waiting, values);
  return reading instanceof Promise ? reading.then((skipped) => skipped ?? values) : (reading ?? values);
}

/** The same of one that is run on a condition, or whose name is made of something. */
async function chosen(member: RunningMember, scope: Scope, waiting: Waiting): Promise<Values | Reply> {
  const { node } = member;
  const { batch } = scope;
  const values = new Map<Reference, unknown>();
  const given = { values, budgets: batch };
  if (typeof node.as === 'object' && scope.item)
    member.as = await doFor(scope, waiting.patience, nameByItem(node.as, scope.item.value, batch));
  for (const { references, isMet } of choicesOf(node)) {
    const skipped = await readReferences(references, true, scope, waiting, values);
    if (skipped) return skipped;
    throwIfLate(scope, waiting.patience);
    if (!(await doFor(scope, waiting.patience, isMet(given)))) return { status: 'skipped' };
  }
  const prepared = await ready(member, scope, waiting, values);
  if (prepared === values && typeof node.as === 'object')
    member.as = await doFor(scope, waiting.patience, as.apply(node.as, given));
  return prepared;
}
