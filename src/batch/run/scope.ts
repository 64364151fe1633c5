import type { Steps } from '../../budget/work.ts';
import { tooLate } from '../../errors.ts';
import type { Source } from '../../sources/open.ts';
import type { Payload } from '../../store/payload.ts';
import type { Node, QueryNode } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';

/** How a query's answer is taken: gathered as a value, or open as a list or a body that flows. */
export type Want = Payload['kind'];

/** How the answers of a batch are taken. */
export interface Taking {
  /** How it takes a query's answer. */
  readonly wants: (node: QueryNode) => Want;
  /** Few of its lists and bodies are open at a time: others wait until these have been read. */
  readonly fewOpen?: true;
}

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
  readonly group: RunningGroup | undefined;
  /** The current item of the nearest forEach. */
  readonly item: Item | undefined;
  /** It stands in a group that is one of a forEach. */
  readonly isWithinItem: boolean;
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

/** Whether something in a query or group is answered as a list or a body that flows. */
export function flows(node: Node, wants: Taking['wants']): boolean {
  return node.kind === 'query' ? wants(node) !== 'value' : node.members.some((one) => flows(one, wants));
}

/**
 * How long a member is waited for, and what it does may begin. What flows may have its turn beyond the
 * deadline, when all that it refers to is there.
 */
export function waitedFor(node: Node, { places, wants, signal, ended }: Scope): AbortSignal {
  const isFlowing = node.kind === 'query' ? wants(node) !== 'value' : places !== undefined && flows(node, wants);
  return isFlowing ? ended : signal;
}

/**
 * Does some work for a member, until nobody waits for it. Where lists or bodies flow, some begin beyond the
 * deadline, so that the work of the batch as such does not end by it: what is gathered does.
 */
export function doFor<T>({ batch, places, ended }: Scope, waitSignal: AbortSignal, steps: Steps<T>): T | Promise<T> {
  return batch.work.do(steps, places ? waitSignal : ended);
}

/**
 * Throws where work would begin too late, or for nobody: while codap computes, no timer can tell. With what
 * is there by the deadline it may begin so many milliseconds later.
 */
export function throwIfLate({ signal, ended, deadline }: Scope, waitSignal: AbortSignal, graceMs = 0): void {
  const over = graceMs > 0 ? ended : waitSignal;
  if (over.aborted) throw over.reason;
  if (waitSignal === signal && performance.now() >= deadline + graceMs) throw tooLate();
}
