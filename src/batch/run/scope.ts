import { tooLate } from '../../errors.ts';
import type { Payload } from '../../store/payload.ts';
import type { QueryNode } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';

/** How a query's answer is taken: gathered as a value, or open as a list or a body that flows. */
export type Want = Payload['kind'];

/** How the answers of a batch are taken. */
export interface Taking {
  /** How it takes a query's answer. */
  readonly wants: (node: QueryNode) => Want;
  /** Bodies are read one after the other, so that few are open at a time. */
  readonly bodiesInTurn?: boolean;
}

/** What surrounds a member while it runs. */
export interface Scope extends Pick<Taking, 'wants'> {
  readonly batch: Batch;
  /** The places for open bodies, where these are read one after the other. */
  readonly places: Places | undefined;
  readonly signal: AbortSignal;
  /** Aborts once it is not needed, whatever its deadline: lists and bodies may flow beyond that. */
  readonly ended: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  readonly group: RunningGroup | undefined;
  /** The current item of the nearest forEach. */
  readonly item: { readonly value: unknown } | undefined;
  /** A `take` or `default` around it absorbs its failure. */
  readonly absorbed: boolean;
}

/** Where a body waits until it may be open. */
export interface Places {
  /** Waits for a place; resolves with what gives it back. */
  enter(resumable: boolean, member: RunningMember, scope: Scope): Promise<() => void>;
}

/** Runs one member with all its modifiers until it has opened or failed to, whatever happens. */
export type RunMember = (member: RunningMember, scope: Scope) => Promise<RunningMember>;

/** Throws where work would begin too late, or for nobody: while codap computes, no timer can tell. */
export function throwIfLate({ signal, deadline }: Scope, waitSignal: AbortSignal): void {
  if (waitSignal.aborted) throw waitSignal.reason;
  if (waitSignal === signal && performance.now() >= deadline) throw tooLate();
}
