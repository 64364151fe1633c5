import type { Pattern, Plan } from '../src/batch/plan/node.ts';
import { planning } from '../src/batch/plan/plan.ts';
import type { PlanContext } from '../src/batch/plan/planner.ts';
import { atOnce } from '../src/budget/work.ts';

/** Plans a request, at once. Throws BadRequest with its faults. */
export function plan(pattern: Pattern, body: unknown, context: PlanContext): Plan {
  return atOnce(planning(pattern, body, context));
}
