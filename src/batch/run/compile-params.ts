import type { Memory } from '../../budget/memory.ts';
import type { Steps } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import type { QueryNode } from '../plan/node.ts';
import { fillParams, weightOf, type Values } from '../template/fill-template.ts';
import type { Reference } from '../template/reference.ts';
import type { Scope } from './scope.ts';

/** What is sent to the store. What is filled in counts wherever it stands, as long as it is `held`. */
export function* compileParams(node: QueryNode, values: Values, scope: Scope, held: Memory): Steps<unknown> {
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
  const sizes = new Map<Reference, { readonly bytes: number; readonly pieces: number }>();
  for (const reference of node.referencesToRun) sizes.set(reference, yield* batch.mustFit(values.get(reference)));
  const params = yield* fillParams(node.params, { values, budgets: batch }, (reference) => {
    const { bytes, pieces } = sizes.get(reference) ?? { bytes: 0, pieces: 0 };
    held.hold(bytes);
    return pieces;
  });
  // A source goes through all of it, at once: what that takes is counted before.
  if (batch.work.tick(yield* weightOf(node.params as object, batch.work))) yield;
  const fault = (_path: unknown, detail: string): never => {
    throw new CodapError('INVALID', `a filled-in value does not fit: ${detail}`);
  };
  return node.source.prepare(node.op, params as Record<string, unknown>, fault, node.stream);
}
