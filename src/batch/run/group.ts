import { isLoopHeld } from '../../budget/turns.ts';
import type { Work } from '../../budget/work.ts';
import { notNeeded } from '../../errors.ts';
import { FirstReply, KV, Ordered } from '../../patterns/index.ts';
import type { GroupNode } from '../plan/node.ts';
import { Breakage } from './breakage.ts';
import { GroupEnd } from './group-end.ts';
import type { MemberList } from './reply.ts';
import { RunningGroup } from './running-group.ts';
import { RunningMember } from './running-member.ts';
import type { RunMember, Scope } from './scope.ts';

type RunOne = (member: RunningMember) => Promise<RunningMember>;

/** Runs a group's members by its pattern; resolves once each has opened or is not needed any more. */
export async function runGroup(
  node: GroupNode,
  whole: RunningMember,
  scope: Scope,
  runMember: RunMember,
  started: number,
): Promise<MemberList> {
  const members = node.members.map((one) => new RunningMember(one, [...whole.path, one.key ?? one.index]));
  scope.batch.trace?.follow(members);
  const end = new GroupEnd(node, scope, started, scope.group ? undefined : scope.batch);
  const group = new RunningGroup(node, members, scope.group, end, started);
  const inside: Scope = {
    ...scope,
    signal: end.signal,
    ended: end.ended,
    deadline: end.deadline,
    timeoutMs: Math.min(scope.timeoutMs, node.timeoutMs ?? Infinity),
    group,
    absorbed: scope.absorbed || node.take !== undefined || node.default !== undefined,
  };
  const breakage = new Breakage();
  const hasOpened = (member: RunningMember): RunningMember => {
    try {
      group.opened(member);
      return member;
    } catch (error) {
      return breakage.note(error);
    }
  };
  // Made once for all: a function of each member's own would be made for each.
  const runOne: RunOne = (member) => runMember(member, inside).then(hasOpened, breakage.note);
  const { work } = scope.batch;
  try {
    whole.start(group);
    if (node.pattern === 'kv') {
      const kv = new KV<RunningMember>();
      await startAll(members, work, (member) => kv.put(member.node.key as string, runOne, member));
      await kv.allSettled();
    } else if (node.pattern === 'ordered') {
      const ordered = new Ordered<RunningMember>();
      await startAll(members, work, (member) => ordered.push(runOne, member));
      await ordered.allSettled();
    } else await firstReply(group, runOne, work);
    breakage.check();
    return group.list();
  } catch (error) {
    // Nobody may wait for a member that was not started.
    for (const member of members) member.giveUp(notNeeded(error));
    throw error;
  } finally {
    end.close();
  }
}

/**
 * Starts members, in turns with others: very many take a while. Once the batch is over the rest is given up.
 */
async function startAll(
  members: readonly RunningMember[],
  work: Work,
  start: (member: RunningMember) => unknown,
): Promise<void> {
  for (const member of members) {
    try {
      if (member !== members[0] && isLoopHeld()) await work.turn();
    } catch (error) {
      for (const left of members.slice(members.indexOf(member))) left.giveUp(notNeeded(error));
      return;
    }
    void start(member);
  }
}

/** In order of arrival, until a `take` is decided; with `hedgeMs` no more start than are needed by then. */
async function firstReply(group: RunningGroup, runOne: RunOne, work: Work): Promise<void> {
  const { members, node } = group;
  const { hedgeMs, take = members.length } = node;
  const replies = new FirstReply<RunningMember>();
  const first = hedgeMs === undefined ? members.length : take;
  const later = members.slice(first).values();
  const startNext = (): void => {
    const { value } = later.next();
    if (value) replies.push(runOne, value);
  };
  try {
    await startAll(members.slice(0, first), work, (member) => {
      if (!group.isDecided) replies.push(runOne, member);
    });
    if (hedgeMs !== undefined)
      group.hedge = setInterval(() => {
        // Beside those that only wait for a place one more would wait, too, and all would be asked together.
        if (group.waiting < replies.length - replies.arrived) startNext();
      }, hedgeMs);
    for await (const member of replies) {
      // Beside a `take` the rest is not answered; else it is, as it ends now.
      if (group.isDecided && node.take !== undefined) break;
      if (group.hedge && member.latest.status !== 'ok') startNext();
    }
  } finally {
    clearInterval(group.hedge);
    group.hedge = undefined;
    group.endArrivals();
  }
}
