import { notNeeded } from '../../errors.ts';
import { FirstReply, KV, Ordered } from '../../patterns/index.ts';
import type { GroupNode } from '../plan/node.ts';
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
  started = performance.now(),
): Promise<MemberList> {
  const members = node.members.map((one) => new RunningMember(one, [...whole.path, one.key ?? one.index]));
  const end = new GroupEnd(node, scope, started);
  const group = new RunningGroup(node, members, scope.group, end);
  const inside: Scope = {
    ...scope,
    signal: end.signal,
    deadline: end.deadline,
    group,
    absorbed: scope.absorbed || node.take !== undefined || node.default !== undefined,
  };
  let broken: { readonly error: unknown } | undefined;
  const runOne: RunOne = async (member) => {
    try {
      await runMember(member, inside);
      group.opened(member);
      return member;
    } catch (error) {
      broken = { error };
      throw error;
    }
  };
  try {
    whole.start(group);
    if (node.pattern === 'kv') {
      const kv = new KV<RunningMember>();
      for (const member of members) kv.put(member.node.key as string, runOne, member);
      await kv.allSettled();
    } else if (node.pattern === 'ordered') {
      const ordered = new Ordered<RunningMember>();
      for (const member of members) ordered.push(runOne, member);
      await ordered.allSettled();
    } else await firstReply(group, runOne);
    if (broken) throw broken.error;
    return group.list();
  } catch (error) {
    // Nobody may wait for a member that was not started.
    for (const member of members) member.giveUp(notNeeded(error));
    throw error;
  } finally {
    end.close();
  }
}

/** In order of arrival, until it is decided; with `hedgeMs` no more start than are needed by then. */
async function firstReply(group: RunningGroup, runOne: RunOne): Promise<void> {
  const { members, node } = group;
  const { hedgeMs, take = members.length } = node;
  const replies = new FirstReply<RunningMember>();
  let started = 0;
  const start = (count: number): void => {
    for (const member of members.slice(started, started + count)) replies.push(runOne, member);
    started = Math.min(members.length, started + count);
  };
  start(hedgeMs === undefined ? members.length : take);
  const hedge = hedgeMs === undefined ? undefined : setInterval(() => start(1), hedgeMs);
  try {
    for await (const member of replies) {
      if (group.isDecided) break;
      if (hedge && member.latest.status !== 'ok') start(1);
    }
  } finally {
    clearInterval(hedge);
    group.endArrivals();
  }
}
