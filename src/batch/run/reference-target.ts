import type { Reference, Target } from '../template/reference.ts';
import { META, VALUE, type View } from './resolve.ts';
import type { RunningGroup } from './running-group.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/** A query, group or forEach that a reference names. */
export type ResultTarget = Extract<Target, { from: 'result' }>;

/** The one that runs. */
export function memberOf(target: ResultTarget, scope: Scope): RunningMember {
  return groupOf(target, scope).members[target.member] as RunningMember;
}

/** Whether what a reference names has more time than whoever waits for it. */
export function outlives({ target }: Reference, scope: Scope): boolean {
  return target?.from === 'result' && groupOf(target, scope).deadline > scope.deadline;
}

function groupOf({ up }: ResultTarget, scope: Scope): RunningGroup {
  let group = scope.group as RunningGroup;
  for (let level = 0; level < up; level += 1) group = group.parent as RunningGroup;
  return group;
}

/** What a reference reads of it. */
export function viewOf({ word }: Reference): View {
  return word === '$meta' ? META : VALUE;
}
