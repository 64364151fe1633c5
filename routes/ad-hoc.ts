import type { Node, Pattern } from '../src/batch/plan/node.ts';
import { planning } from '../src/batch/plan/plan.ts';
import type { Origin } from '../src/batch/plan/planner.ts';
import { readBody } from '../src/batch/plan/read-body.ts';
import { endingBy } from '../src/budget/work.ts';
import type { Config } from '../src/config/load.ts';
import { mediaTypes, negotiate } from '../src/encodings/index.ts';
import { memberOf } from '../src/json/members.ts';
import type { Source } from '../src/sources/open.ts';
import { type Asking, isExplained } from './asking.ts';

/** What a batch of a pattern is looked up in. */
interface Among {
  readonly config: Config;
  readonly sources: ReadonlyMap<string, Source>;
}

/** A batch that stands in the body of its request. */
export function adHoc(pattern: Pattern, { config, sources }: Among): Asking {
  const { limits } = config;
  return {
    pattern,
    mediaTypes,
    negotiate,
    async read(request, received, work) {
      const body = request.body as Buffer;
      work.tick(body.length >> 6);
      const read = await work.do(readBody(body, limits, work));
      const origins = isExplained(request) ? new Map<Node, Origin>() : undefined;
      const steps = planning(pattern, read, { sources, limits, origins });
      const plan = await work.do(endingBy(steps, received + timeoutAsked(read, config)));
      return { plan, origins };
    },
  };
}

/**
 * The time that a batch has, in milliseconds, before it is known to be right: planning it takes a part of
 * that.
 */
export function timeoutAsked(body: unknown, config: Pick<Config, 'server'>): number {
  return timeoutOf(typeof body === 'object' && body !== null ? memberOf(body, 'timeoutMs') : undefined, config);
}

/** The time that a batch has, in milliseconds, of what it asks for. */
export function timeoutOf(asked: unknown, { server: { timeoutMs, maxTimeoutMs } }: Pick<Config, 'server'>): number {
  return Math.min(typeof asked === 'number' ? asked : timeoutMs, maxTimeoutMs);
}
