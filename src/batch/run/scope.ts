import type { Steps } from '../../budget/work.ts';
import { tooLate } from '../../errors.ts';
import type { Source } from '../../sources/open.ts';
import type { Node } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { ItemPlace } from './item-place.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';
import { flows, type Taking } from './taking.ts';

/** An item of a list. */
export interface Item {
  readonly value: unknown;
}

/** What surrounds a member while it runs. */
export interface Scope extends Pick<Taking, 'wants'> {
  readonly batch: Batch;
  /** Where lists or bodies flow and few of them are open at a time: the places for these. */
  readonly places: Places | undefined;
  readonly signal: AbortSignal;
  /** Aborts once it is not needed, whatever its deadline: lists and bodies may flow beyond that. */
  readonly ended: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  /** Milliseconds: the least that the batch and the groups around it have, which what flows may take, too. */
  readonly timeoutMs: number;
  readonly group: RunningGroup | undefined;
  /** The current item of the nearest forEach. */
  readonly item: Item | undefined;
  /** Of the nearest forEach whose items gather while others of them wait for their turn. */
  readonly itemPlace: ItemPlace | undefined;
  /** A `take` or `default` around it absorbs its failure. */
  readonly absorbed: boolean;
}

/** What is opened: a list, a body, or of a body that is asked for in parts its beginning. */
export type Flowing = 'list' | 'body' | 'beginning';

/** Where a list or body waits until it may be open. */
export interface Places {
  /** Waits for a place; resolves with what gives it back. */
  enter(flowing: Flowing, source: Source, member: RunningMember, scope: Scope): Promise<() => void>;
}

/** Runs one member with all its modifiers until it has opened or failed to, whatever happens. */
export type RunMember = (member: RunningMember, scope: Scope) => Promise<RunningMember>;

/** How long a member is waited for, and what it does may begin. */
export interface Patience {
  readonly signal: AbortSignal;
  /** An instant: `performance.now()` ms; Infinity for what flows, whose turn may come later. */
  readonly deadline: number;
}

/** With one that flows as long as it is needed, with others until the deadline. */
export function patienceWith(node: Node, scope: Scope): Patience {
  const { places, wants, ended } = scope;
  const isFlowing = node.kind === 'query' ? wants(node) !== 'value' : places !== undefined && flows(node, wants);
  return isFlowing ? { signal: ended, deadline: Infinity } : scope;
}

/**
 * Does some work for a member, until nobody waits for it. Where lists or bodies flow, some begin beyond the
 * deadline, so that the work of the batch as such does not end by it: what is gathered does.
 */
export function doFor<T>({ batch, places, ended }: Scope, { signal }: Patience, steps: Steps<T>): T | Promise<T> {
  return batch.work.do(steps, places ? signal : ended);
}

/**
 * Throws where work would begin too late, or for nobody: while codap computes, no timer can tell. With what
 * is there by the deadline it may begin so many milliseconds later.
 */
export function throwIfLate({ ended }: Scope, { signal, deadline }: Patience, graceMs = 0): void {
  const over = graceMs > 0 ? ended : signal;
  if (over.aborted) throw over.reason;
  if (performance.now() >= deadline + graceMs) throw tooLate();
}
