import type { Merger, Point } from '../../../adapters/adapter.ts';
import { isLoopHeld } from '../../budget/turns.ts';
import { Work, type Steps } from '../../budget/work.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { classify, toCodapError } from '../../errors.ts';
import { canonical } from '../../json/canonical.ts';
import { latestAmong } from '../../store/deadline.ts';
import type { Caller, Query } from '../../store/fetch.ts';
import type { AskedAt, LayerContext, LayerFetch, Onlooker } from '../layer-context.ts';
import type { Payload } from '../../store/payload.ts';
import { ask, type Bounds, type CountingLayer } from '../layer.ts';
import { SharedTrace } from '../shared-trace.ts';
import { Waiter, type WaitedFor } from '../waiter.ts';

/**
 * Point reads of one turn of the event loop become one query, where the store's `merger` knows how. Each is
 * answered, and fails, as it would alone; it leaves when it likes, and the query ends when the last has left.
 * What its answer does not tell goes on in one more; what that does not tell either is asked for alone.
 */
export function merge(merger: Merger): CountingLayer<'merge'> {
  const counted = { merged: 0 };
  /** What a query reads, where that can be asked for together with anything else. */
  const pointOf = (query: Query, caller: Caller): Point | undefined => {
    const point = query.want === 'value' ? merger.pointOf(query, caller) : undefined;
    return point && point.chars < point.mostChars ? point : undefined;
  };
  return {
    name: 'merge',
    state: () => ({ ...counted }),
    bounds: (query, caller): Bounds | undefined => {
      const point = pointOf(query, caller);
      return point && identityOf(caller) !== undefined ? { together: point.most } : undefined;
    },
    wrap: (next) => {
      let groups = new Map<string, Group>();
      const askAll = (): void => {
        const due = groups;
        groups = new Map();
        for (const group of due.values()) group.ask();
      };
      return (query, context) => {
        const point = pointOf(query, context.caller);
        const whose = point && identityOf(context.caller);
        if (!point || whose === undefined) return next(query, context);
        if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
        const name = whose + point.group;
        if (groups.size === 0) setImmediate(askAll);
        let group = groups.get(name);
        if (group && group.chars + point.chars > point.mostChars) {
          group.ask();
          group = undefined;
        }
        if (!group) groups.set(name, (group = new Group(merger, next, counted)));
        const answer = group.add(query, context, point);
        if (group.size === point.most) {
          groups.set(name, new Group(merger, next, counted));
          group.ask();
        }
        return answer;
      };
    },
  };
}

/**
 * What a store sees of a caller: nobody is answered what it may have answered to somebody else. And its name:
 * nobody stands in somebody else's line. Undefined where it is too large to be compared.
 */
function identityOf({ name, headers }: Caller): string | undefined {
  const caller = name === undefined ? '' : `${name.length} ${name} `;
  for (const _name in headers) {
    const identity = canonical(headers);
    return identity && caller + identity;
  }
  return caller;
}

/** One of those who are asked together. */
class Member extends Waiter {
  readonly query: Query;
  readonly point: Point;

  constructor(query: Query, context: LayerContext, point: Point, group: Group) {
    super(group, context);
    this.query = query;
    this.point = point;
  }
}

/** Point reads that are asked together. */
class Group implements Onlooker, WaitedFor {
  readonly #merger: Merger;
  readonly #next: LayerFetch;
  readonly #counted: { merged: number };
  readonly #signal = new CallSignal();
  readonly #members: Member[] = [];
  #waiting = 0;
  #chars = 0;
  #isAsked = false;
  /** What its answer does not tell is asked for alone: others have asked for it together before. */
  readonly #isLast: boolean;
  /** How many have joined the first, but for those that are asked for again. */
  #joined = 0;

  constructor(merger: Merger, next: LayerFetch, counted: { merged: number }, isLast = false) {
    this.#merger = merger;
    this.#next = next;
    this.#counted = counted;
    this.#isLast = isLast;
  }

  get size(): number {
    return this.#members.length;
  }

  get waiters(): readonly Waiter[] {
    return this.#members;
  }

  /** Characters of them all. */
  get chars(): number {
    return this.#chars;
  }

  add(query: Query, context: LayerContext, point: Point): Promise<Payload> {
    this.#chars += point.chars;
    const member = new Member(query, context, point, this);
    this.#members.push(member);
    this.#waiting += 1;
    return member.answer;
  }

  /** One of them has left. */
  leave(reason: unknown): void {
    this.#waiting -= 1;
    // Before it was asked, others may still come.
    if (this.#waiting === 0 && this.#isAsked) this.#signal.abort(reason);
  }

  waits(): void {
    for (const { context } of this.#members) context.onlooker?.waits();
  }

  goesOn(): void {
    for (const { context } of this.#members) context.onlooker?.goesOn();
  }

  /** Asks for all who are still there. */
  ask(): void {
    this.#isAsked = true;
    const members = this.#members.filter((member) => !member.isGone);
    const [first] = members;
    if (!first) return;
    if (members.length === 1) return this.#alone(first);
    const now = performance.now();
    // Whichever of them has a cache above, the attempts tell this one when the store was asked.
    let asked: AskedAt | undefined;
    for (const member of members) {
      asked ??= member.context.asked;
      if (member !== first) member.join('merged', now);
    }
    this.#joined = members.length - 1;
    const memory = first.context.memory.ofAll();
    const work = new Work(Infinity);
    const deadline = latestAmong(members.map(({ context }) => context.deadline));
    const trace = SharedTrace.of(first.context, this);
    const own = { signal: this.#signal, deadline, memory, work, trace, asked, onlooker: this };
    const points = members.map(({ point }) => point);
    let isRead = false;
    ask(this.#next, this.#merger.merged(points), { ...first.context, ...own })
      .then((answer) => {
        isRead = true;
        return work.do(this.#split(answer, points, members, asked));
      })
      .catch((error: unknown) => this.#failed(error, members, isRead))
      .finally(() => {
        memory.close();
        this.#counted.merged += this.#joined;
      });
  }

  /** Gives each its own. */
  *#split(
    answer: Payload,
    points: readonly Point[],
    members: readonly Member[],
    asked: AskedAt | undefined,
  ): Steps<void> {
    const parts = this.#merger.split(answer, points);
    const untold: Member[] = [];
    for (const member of members) {
      if (member.isGone) continue;
      if (isLoopHeld()) yield;
      member.wasAsked(asked);
      try {
        const part = parts.of(member.point, member.context);
        if (part === undefined) untold.push(member);
        else member.succeed(part);
      } catch (error) {
        member.fail(error);
      }
    }
    if (untold.length > 0) this.#askAgain(untold, untold.length === points.length);
  }

  /** Asks for what the answer did not tell: once more together, unless that would be the same query. */
  #askAgain(untold: readonly Member[], isSame: boolean): void {
    const rest = new Group(this.#merger, this.#next, this.#counted, true);
    for (const member of untold) {
      if (member.isGone) continue;
      if (this.#isLast || isSame) this.#alone(member);
      else {
        this.#part(member);
        member.succeed(rest.add(member.query, member.context, member.point));
      }
    }
    rest.ask();
  }

  /**
   * What is wrong with one alone must not fail the others: where it may be that, each is asked alone. An
   * answer that `isRead`, but is no list, would be none without it either.
   */
  #failed(error: unknown, members: readonly Member[], isRead: boolean): void {
    const { code } = toCodapError(error);
    const isNobodys = code === 'INTERNAL' || (isRead && code === 'BAD_RESPONSE');
    const mayBeOnes = classify(error) === 'permanent' && !isNobodys;
    for (const member of members) {
      if (member.isGone) continue;
      if (mayBeOnes) this.#alone(member);
      else member.fail(error);
    }
  }

  #alone(member: Member): void {
    this.#part(member);
    member.succeed(ask(this.#next, member.query, member.context));
  }

  /** It is no longer one of those who wait for this query. */
  #part(member: Member): void {
    if (member.separate()) this.#joined -= 1;
  }
}
