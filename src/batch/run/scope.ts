import type { Query } from '../../store/fetch.ts';
import type { GroupNode, QueryNode } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { Live } from './live.ts';
import type { Opened } from './opened.ts';

/** What surrounds a member while it runs. */
export interface Scope {
  readonly batch: Batch;
  /** How the answer's encoding opens what it does not take gathered. */
  readonly openerOf: OpenerOf;
  readonly signal: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  readonly group: GroupRun | undefined;
  /** The current item of the nearest forEach. */
  readonly item: { readonly value: unknown } | undefined;
  /** A `take` or `default` around it absorbs its failure. */
  readonly absorbed: boolean;
}

/** A group while it runs, for references to find its members in. */
export interface GroupRun {
  readonly parent: GroupRun | undefined;
  readonly node: GroupNode;
  readonly lives: readonly Live[];
}

/** Opens a query's answer as a list or body that flows. */
export type Opener = (
  node: QueryNode,
  query: Pick<Query, 'op' | 'params'>,
  live: Live,
  scope: Scope,
) => Promise<Opened>;

/** How an encoding opens a query's answer; undefined where it takes it gathered. */
export type OpenerOf = (node: QueryNode) => Opener | undefined;

/** Runs one member with all its modifiers and settles it, whatever happens. */
export type RunMember = (live: Live, scope: Scope) => Promise<void>;
