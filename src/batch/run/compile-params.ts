import { isLoopHeld } from '../../budget/turns.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Steps } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import { isContainer, sizeOfLeaf, type Size } from '../../json/size.ts';
import type { QueryNode } from '../plan/node.ts';
import { fillParams, weightOf, type Values } from '../template/fill-template.ts';
import type { Reference } from '../template/reference.ts';
import { doFor, type Patience, type Scope, throwIfLate } from './scope.ts';

/** What is sent to the store. What is filled in counts wherever it stands, as long as it is `held`. */
export function paramsOf(node: QueryNode, values: Values, scope: Scope, patience: Patience, held: Memory): unknown {
  if (node.literal) return node.params;
  throwIfLate(scope, patience);
  const params = doFor(scope, patience, compileParams(node, values, scope, held));
  // What was filled in may be large, and so take a while to be sent.
  return params instanceof Promise || isLoopHeld() ? inTurn(params, scope) : params;
}

async function inTurn(compiling: unknown, { batch, ended }: Scope): Promise<unknown> {
  const params = await compiling;
  if (isLoopHeld()) await batch.work.turn(ended);
  return params;
}

function* compileParams(node: QueryNode, values: Values, scope: Scope, held: Memory): Steps<unknown> {
  const { ofLate } = node;
  const key = ofLate?.keyOf(values, yield* weightOf(node.params as object, scope.batch.work));
  if (!ofLate || key === undefined) return yield* compileAnew(node, values, scope, held);
  const known = ofLate.get(key);
  if (known) return known;
  const compiled = yield* compileAnew(node, values, scope, held);
  ofLate.set(key, compiled as object);
  return compiled;
}

function* compileAnew(node: QueryNode, values: Values, { batch }: Scope, held: Memory): Steps<unknown> {
  // Of lists and objects, which are gone through for that, though they may stand there often.
  let sizes: Map<Reference, Size> | undefined;
  for (const reference of node.referencesToRun) {
    const value = values.get(reference);
    if (isContainer(value)) (sizes ??= new Map()).set(reference, yield* batch.mustFit(value));
  }
  const params = yield* fillParams(node.params, { values, budgets: batch }, (reference, value) => {
    const { bytes, pieces } = sizes?.get(reference) ?? sizeOfLeaf(value);
    held.hold(bytes);
    return pieces;
  });
  // A source goes through all of it, at once: what that takes is counted before.
  if (batch.work.tick(yield* weightOf(node.params as object, batch.work))) yield;
  return node.source.prepare(node.op, params as Record<string, unknown>, fault, node.stream);
}

function fault(_path: unknown, detail: string): never {
  throw new CodapError('INVALID', `a filled-in value does not fit: ${detail}`);
}
