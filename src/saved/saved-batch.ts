import type { Node, Plan } from '../batch/plan/node.ts';
import type { Origin } from '../batch/plan/planner.ts';
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
  /** The headers of the caller that its sources forward. */
  readonly forwards: readonly string[];
  /** Whether it is offered to agents. */
  readonly isTool: boolean;
}
