import { setMaxListeners } from 'node:events';
import { CodapError, notNeeded, tooLate } from '../../errors.ts';
import { FirstReply, KV, Ordered } from '../../patterns/index.ts';
import { whenAborted } from '../../store/signals.ts';
import { Live } from './live.ts';
import type { GroupNode } from '../plan/node.ts';
import { failed, firstFailure, type MemberList, type Reply } from './reply.ts';
import type { RunMember, Scope } from './scope.ts';

type Decision = NonNullable<MemberList['decidedBy']>;

/** Runs a group's members by its pattern; resolves once each has settled or is not needed any more. */
export async function runGroup(
  node: GroupNode,
  live: Live,
  scope: Scope,
  runMember: RunMember,
  started = performance.now(),
): Promise<MemberList> {
  const lives = node.members.map((member) => new Live(member, [...live.path, member.key ?? member.index]));
  const ending = new Ending(node, scope, started);
  const inside: Scope = {
    ...scope,
    signal: ending.signal,
    deadline: ending.deadline,
    group: { parent: scope.group, node, lives },
    absorbed: scope.absorbed || node.take !== undefined || node.default !== undefined,
  };
  const runOne = async (one: Live): Promise<Live> => {
    await runMember(one, inside);
    if (one.node.required && one.settled && failed(one.settled)) ending.decide(one);
    return one;
  };
  try {
    if (node.pattern === 'first-reply') return await firstReply(node, live, lives, runOne, ending);
    live.open({ keyed: node.pattern === 'kv', lives, pattern: node.pattern, cancel: () => ending.cancel() });
    if (node.pattern === 'kv') {
      const kv = new KV<Live>();
      for (const one of lives) kv.put(one.node.key as string, runOne, one);
      for await (const _ of kv);
    } else {
      const ordered = new Ordered<Live>();
      for (const one of lives) ordered.push(runOne, one);
      for await (const _ of ordered);
    }
    return listOf(node, lives, ending, 0);
  } catch (error) {
    // Nobody may wait for a member that was not started.
    for (const one of lives) one.giveUp(notNeeded(error));
    throw error;
  } finally {
    ending.close();
  }
}

/** In order of arrival; with `take`, until that many have succeeded or too few are left. */
async function firstReply(
  node: GroupNode,
  live: Live,
  lives: readonly Live[],
  runOne: (one: Live) => Promise<Live>,
  ending: Ending,
): Promise<MemberList> {
  const { take, hedgeMs } = node;
  const replies = new FirstReply<Live>();
  const arrivals = new Ordered<Live | undefined>();
  const slots = lives.map(() => arrivals.push());
  const cancel = (): void => ending.cancel();
  live.open({ keyed: false, lives, pattern: node.pattern, arrivals, taking: take !== undefined, cancel });
  let started = 0;
  const start = (count: number): void => {
    for (const one of lives.slice(started, started + count)) replies.push(runOne, one);
    started = Math.min(lives.length, started + count);
  };
  start(hedgeMs === undefined ? lives.length : (take ?? lives.length));
  const hedge = hedgeMs === undefined ? undefined : setInterval(() => start(1), hedgeMs);
  const arrived: Live[] = [];
  let successes = 0;
  try {
    for await (const one of replies) {
      slots[arrived.length]?.fill(one);
      arrived.push(one);
      if (one.settled?.status === 'ok') successes += 1;
      else if (hedge) start(1);
      if (successes === take) break;
      if (take !== undefined && successes + lives.length - arrived.length < take)
        ending.decide(arrived.findLast(isFailing) ?? one);
      if (ending.decidedBy) break;
    }
  } catch (error) {
    for (const slot of slots) slot.fill(undefined);
    throw error;
  } finally {
    clearInterval(hedge);
  }
  const taken = take !== undefined && successes === take;
  const rest = new Set(lives).difference(new Set(arrived));
  if (taken || ending.decidedBy) ending.cancel();
  for (const one of rest) one.giveUp(notNeeded());
  for (const slot of slots.slice(arrived.length)) slot.fill(undefined);
  if (take === undefined) arrived.push(...rest);
  return listOf(node, arrived, ending, lives.length - arrived.length, taken);
}

function isFailing({ settled }: Live): boolean {
  return settled !== undefined && (failed(settled) || settled.status === 'partial');
}

function listOf(node: GroupNode, lives: readonly Live[], ending: Ending, cancelled: number, taken = false): MemberList {
  const members = lives.map((one) => ({
    node: one.node,
    path: one.path,
    as: one.as,
    hidden: one.node.hidden,
    reply: one.settled as Reply,
  }));
  return {
    keyed: node.pattern === 'kv',
    members,
    cancelled,
    taken,
    ...(ending.decidedBy && { decidedBy: ending.decidedBy }),
  };
}

/** What ends a group before all its members have ended: its own time-out, a required member, its `take`. */
class Ending {
  readonly signal: AbortSignal;
  readonly deadline: number;
  decidedBy: Decision | undefined;
  readonly #controller: AbortController | undefined;
  readonly #unlink: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(node: GroupNode, scope: Scope, started: number) {
    this.deadline = Math.min(scope.deadline, started + (node.timeoutMs ?? Infinity));
    const ownEnd =
      this.deadline < scope.deadline || node.take !== undefined || node.members.some((member) => member.required);
    if (!ownEnd) {
      this.signal = scope.signal;
      return;
    }
    const controller = new AbortController();
    this.#controller = controller;
    this.signal = controller.signal;
    setMaxListeners(0, this.signal);
    this.#unlink = whenAborted(scope.signal, () => controller.abort(scope.signal.reason));
    if (this.deadline < scope.deadline) {
      const left = Math.max(0, this.deadline - performance.now());
      this.#timer = setTimeout(() => controller.abort(tooLate()), left);
    }
  }

  /** Fails the group by this member's failure and cancels the rest; only the first word counts. */
  decide(one: Live): void {
    if (this.decidedBy) return;
    const { error, list } = one.settled ?? {};
    this.decidedBy = (!error && list && firstFailure(list)) || {
      path: one.path,
      error: error ?? new CodapError('NOT_FOUND', 'too few queries were left to reach take'),
    };
    this.cancel();
  }

  cancel(): void {
    this.#controller?.abort(notNeeded());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#unlink?.();
  }
}
