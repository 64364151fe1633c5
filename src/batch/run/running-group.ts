import { CodapError, notNeeded } from '../../errors.ts';
import { Ordered, type Slot } from '../../patterns/index.ts';
import type { GroupNode } from '../plan/node.ts';
import type { GroupEnd } from './group-end.ts';
import { failed, firstFailure, type Member, type MemberList, type Reply } from './reply.ts';
import type { Container, RunningMember } from './running-member.ts';

/**
 * A group under way, and the judge of what it comes to: a success counts for `take` when it opens; a failure
 * of a required member counts when it opens and when it closes; what the answer lists is as it has closed.
 */
export class RunningGroup implements Container {
  readonly node: GroupNode;
  readonly started: number;
  readonly members: readonly RunningMember[];
  readonly parent: RunningGroup | undefined;
  readonly arrivals: Ordered<RunningMember | undefined> | undefined;
  readonly #end: GroupEnd;
  readonly #slots: readonly Slot<RunningMember | undefined>[];
  readonly #arrived: RunningMember[] = [];
  /** With `hedgeMs`: the clock by which more members start. */
  hedge: NodeJS.Timeout | undefined;
  /** How many of its members wait for a place, or have something within them that does. */
  waiting = 0;
  #successes = 0;
  #decidedBy: MemberList['decidedBy'];

  constructor(
    node: GroupNode,
    members: readonly RunningMember[],
    parent: RunningGroup | undefined,
    end: GroupEnd,
    started: number,
  ) {
    this.node = node;
    this.started = started;
    this.members = members;
    this.parent = parent;
    this.#end = end;
    const arrivals = node.pattern === 'first-reply' ? new Ordered<RunningMember | undefined>() : undefined;
    this.arrivals = arrivals;
    this.#slots = arrivals ? members.map(() => arrivals.push()) : [];
  }

  /** Until when its members run: an instant, `performance.now()` ms. */
  get deadline(): number {
    return this.#end.deadline;
  }

  /** What it comes to is known before all its members have opened. */
  get isDecided(): boolean {
    return this.#decidedBy !== undefined || this.#successes === this.node.take;
  }

  /** Waits until one of its members has a place, from when on the clock counts. */
  async untilPlaced<T>(entering: Promise<T>): Promise<T> {
    this.waits(1);
    try {
      return await entering;
    } finally {
      this.waits(-1);
    }
  }

  /** One more member waits for a place, or one less. */
  waits(more: 1 | -1): void {
    const before = this.waiting;
    this.waiting += more;
    if (more < 0) this.hedge?.refresh();
    if (before === 0 || this.waiting === 0) this.parent?.waits(more);
  }

  /**
   * A member has opened, or failed to. Where that decides the group, the rest is cancelled and does not
   * count.
   */
  opened(member: RunningMember): void {
    if (this.isDecided) return member.break(notNeeded());
    this.#slots[this.#arrived.push(member) - 1]?.fill(member);
    if (member.latest.status === 'ok') this.#successes += 1;
    const reachable = this.#successes + this.members.length - this.#arrived.length;
    if (failsItsGroup(member)) this.#decide(member);
    else if (reachable < (this.node.take ?? 0)) this.#decide(this.#arrived.findLast(isFailing) ?? member);
    if (this.isDecided) this.#end.cancel(this.#decidedBy);
  }

  /** A member has closed. Where that fails the group, what is open breaks, and the rest is cancelled. */
  closed(member: RunningMember): void {
    if (!failsItsGroup(member)) return;
    this.#decide(member);
    for (const other of this.members) if (!other.closed) other.break(notNeeded());
    this.#end.cancel(this.#decidedBy);
  }

  /** Of a first-reply: nobody else is waited for. */
  endArrivals(): void {
    for (const member of this.#notArrived) member.giveUp(notNeeded());
    for (const slot of this.#slots) slot.fill(undefined);
  }

  list(): MemberList {
    const { take, pattern } = this.node;
    const members = this.#counted.map((member) => member.inAnswer);
    return {
      keyed: pattern === 'kv',
      members,
      cancelled: this.members.length - members.length,
      // A success that broke after all leaves the `take` short of one.
      taken: take !== undefined && members.filter(({ reply }) => reply.status === 'ok').length === take,
      ...(this.#decidedBy && { decidedBy: this.#decidedBy }),
    };
  }

  /**
   * The members that the answer lists, in its order: beside a `take`, those that arrived until it was
   * decided.
   */
  get #counted(): readonly RunningMember[] {
    if (!this.arrivals) return this.members;
    return this.node.take !== undefined ? this.#arrived : [...this.#arrived, ...this.#notArrived];
  }

  get #notArrived(): ReadonlySet<RunningMember> {
    return new Set(this.members).difference(new Set(this.#arrived));
  }

  /** The group fails by this member's failure; only the first word counts. */
  #decide({ path, latest: { error, list } }: RunningMember): void {
    this.#decidedBy ??= (!error && list && firstFailure(list)) || {
      path,
      error: error ?? new CodapError('NOT_FOUND', 'too few queries were left to reach take'),
    };
  }
}

/** Its failure is that of the group it stands in. */
function failsItsGroup({ node, latest }: RunningMember): boolean {
  return node.required && failed(latest);
}

function isFailing({ latest }: RunningMember): boolean {
  return failed(latest) || latest.status === 'partial';
}

/** What a group or forEach comes to, by its members. */
export function groupReply(list: MemberList, ms: number | undefined): Reply {
  const status = statusOf(list);
  const error = list.decidedBy?.error ?? (status === 'error' ? firstError(list) : undefined);
  return { status, list, ...(ms !== undefined && { ms }), ...(error && { error }) };
}

/** The status of a group or forEach, by its members'. */
function statusOf(list: MemberList): Reply['status'] {
  if (list.decidedBy) return 'error';
  if (list.taken) return 'ok';
  let usable = false;
  let incomplete = false;
  let failure = false;
  for (const { reply } of list.members) {
    usable ||= reply.status === 'ok' || reply.status === 'partial';
    incomplete ||= reply.status === 'partial';
    failure ||= failed(reply);
  }
  if (failure) return usable ? 'partial' : 'error';
  return incomplete ? 'partial' : 'ok';
}

/** The first failed member's error, in the order asked. */
function firstError(list: MemberList): CodapError | undefined {
  if (list.keyed) return list.members.find(({ reply }) => failed(reply))?.reply.error;
  let first: Member | undefined;
  for (const member of list.members) {
    if (failed(member.reply) && (!first || Number(member.path.at(-1)) < Number(first.path.at(-1)))) first = member;
  }
  return first?.reply.error;
}
