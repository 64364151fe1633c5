import type { z } from 'zod';
import { isLoopHeld } from '../../budget/turns.ts';
import type { Steps } from '../../budget/work.ts';
import { bodySchemas } from './body-schema.ts';
import { Spot } from '../template/spot.ts';
import { checkFields } from './check-fields.ts';
import { linkReferences } from './link.ts';
import type { Pattern, Plan } from './node.ts';
import type { Place } from './place.ts';
import { planGroup } from './plan-group.ts';
import { Planner, type PlanContext } from './planner.ts';

/** Where the batch itself stands. */
const TOP: Place = { at: Spot.TOP, depth: 0, key: undefined, index: 0 };

/**
 * Checks a request and makes a Plan of it, in turns with others; no store is asked. `schema` is what a saved
 * batch may say at its top. Throws BadRequest with its faults.
 */
export function* planning(
  pattern: Pattern,
  body: unknown,
  context: PlanContext,
  schema: z.ZodObject = bodySchemas[pattern],
): Steps<Plan> {
  const { limits } = context;
  const planner = new Planner(context);
  const fields = checkFields(schema, body, Spot.TOP, planner.report);
  if (!fields) throw planner.refusal();
  const { timeoutMs, onError, shape, filename, trace, ...group } = fields;
  if (trace === true && shape === 'values')
    planner.report(Spot.TOP.below('trace'), 'trace cannot stand beside shape "values"');
  const root = yield* planGroup(pattern, group, TOP, planner);
  if (isLoopHeld()) yield;
  yield* linkReferences(root, planner);
  if (root.calls > limits.calls) planner.report(Spot.TOP.below('queries'), `more than ${limits.calls} calls`);
  planner.end();
  return {
    root,
    queries: planner.queries,
    timeoutMs: timeoutMs as number | undefined,
    onError: (onError as Plan['onError'] | undefined) ?? 'partial',
    shape: (shape as Plan['shape'] | undefined) ?? 'replies',
    filename: filename as string | undefined,
    trace: trace === true,
    namesCaller: planner.namesCaller,
  };
}
