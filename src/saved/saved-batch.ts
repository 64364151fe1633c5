import type { Node, Plan } from '../batch/plan/node.ts';
import type { Origin } from '../batch/plan/planner.ts';
import type { Grant } from '../callers/known-caller.ts';
import type { Encoding } from '../encodings/encoding.ts';
import type { ParamSet } from './param-set.ts';

/** A batch of the configuration, planned. */
export interface SavedBatch {
  readonly name: string;
  readonly description: string | undefined;
  readonly params: ParamSet;
  readonly plan: Plan;
  /** What its plan was made of. */
  readonly origins: ReadonlyMap<Node, Origin>;
  /** What it answers in, the default first. */
  readonly encodings: readonly Encoding[];
  /** How long others may keep a complete answer. */
  readonly maxAgeSeconds: number | undefined;
  /** The names of the sources that it asks. */
  readonly sources: readonly string[];
  /** The headers of the caller that its sources forward. */
  readonly forwards: readonly string[];
  /** Whether it is offered to agents. */
  readonly isTool: boolean;
  /** What its operator should know of it, such as names in its template that nothing gives. */
  readonly warnings: readonly string[];
}

/**
 * Whether a caller who may run it is told what it would do: if it may name all of its sources, of which that
 * tells more than any answer does.
 */
export function mayExplain({ sources }: SavedBatch, caller: Grant): boolean {
  return sources.every((name) => caller.sources.has(name));
}
