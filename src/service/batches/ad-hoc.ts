import type { Node, Pattern } from '../../batch/plan/node.ts';
import { planning } from '../../batch/plan/plan.ts';
import type { PlansOfLate } from '../../batch/plan/plans-of-late.ts';
import type { Origin } from '../../batch/plan/planner.ts';
import { readBody } from '../../batch/plan/read-body.ts';
import { endingBy } from '../../budget/work.ts';
import type { Grant } from '../../callers/known-caller.ts';
import type { Config } from '../../config/load.ts';
import { mediaTypes, negotiate } from '../../encodings/index.ts';
import type { Source } from '../../sources/open.ts';
import { type Asking, isExplained } from './asking.ts';
import { timeoutAsked } from './batch-time.ts';

/** What a batch of a pattern is looked up in. */
interface Among {
  readonly config: Config;
  readonly sourcesFor: (caller: Grant) => ReadonlyMap<string, Source>;
  readonly plans: PlansOfLate;
}

/** A batch that stands in the body of its request. */
export function adHoc(pattern: Pattern, { config, sourcesFor, plans }: Among): Asking {
  const { limits } = config;
  return {
    pattern,
    mediaTypes,
    negotiate,
    async read(request, received, work) {
      const body = request.body as Buffer;
      const { caller } = request;
      const sources = sourcesFor(caller);
      const origins = isExplained(request) ? new Map<Node, Origin>() : undefined;
      const made = { pattern, body, sources };
      const known = origins ? undefined : plans.get(made);
      if (known) return { plan: known };
      const read = await work.do(readBody(body, limits, work));
      const steps = planning(pattern, read, { sources, limits, origins, work });
      const plan = await work.do(endingBy(steps, received + timeoutAsked(read, config, caller)));
      if (!origins) plans.add(made, plan);
      return { plan, origins };
    },
  };
}
