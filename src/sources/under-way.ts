import type { Memory } from '../budget/memory.ts';
import type { Work } from '../budget/work.ts';
import { CallSignal } from '../ground/call-signal.ts';
import { classify, notNeeded } from '../errors.ts';
import { GrowingDeadline, instantOf } from '../store/deadline.ts';
import type { Caller, Query } from '../store/fetch.ts';
import type { LayerContext, LayerFetch, Onlooker } from './layer-context.ts';
import type { Payload } from '../store/payload.ts';
import { keyOf } from './key.ts';
import { ask } from './layer.ts';
import { SharedTrace } from './shared-trace.ts';
import { Waiter, type WaitedFor } from './waiter.ts';

/** Lists of calls under way that a hash leads to; a power of two. */
const LISTS = 1024;

/**
 * The calls under way, in lists by the hash of their params. A Map would need each one's whole key, which
 * takes longer to write than most calls have use for.
 */
export class UnderWay {
  readonly #lists: (SharedCall | undefined)[] = Array.from({ length: LISTS });
  /** How many have joined one that has ended by now, but for those that were asked for again. */
  joined = 0;

  add(call: SharedCall): void {
    const at = call.hash & (LISTS - 1);
    call.behind = this.#lists[at];
    this.#lists[at] = call;
  }

  remove(call: SharedCall): void {
    const at = call.hash & (LISTS - 1);
    let before = this.#lists[at];
    if (before === call) this.#lists[at] = call.behind;
    else {
      while (before && before.behind !== call) before = before.behind;
      if (before) before.behind = call.behind;
    }
    call.behind = undefined;
  }

  /** The youngest call for the same that may be waited for. */
  find(hash: number, query: Query, context: LayerContext): SharedCall | undefined {
    let key: string | undefined;
    for (let call = this.#lists[hash & (LISTS - 1)]; call; call = call.behind) {
      if (call.hash !== hash || call.query.op !== query.op) continue;
      key ??= keyOf(query, context.caller);
      if (key === undefined) return undefined;
      if (call.key === key && call.admits(context)) return call;
    }
    return undefined;
  }
}

/**
 * A call that others may join. Until somebody does it is its first caller's own: what it holds and computes
 * counts in their name.
 */
export class SharedCall implements Onlooker, WaitedFor {
  readonly hash: number;
  readonly query: Query;
  readonly deadline: GrowingDeadline;
  /** The next call in its list. */
  behind: SharedCall | undefined;
  readonly #underWay: UnderWay;
  readonly #first: LayerContext;
  readonly #signal = new CallSignal();
  readonly #memory: Memory;
  readonly #work: Work;
  readonly #again: LayerFetch;
  #key: string | undefined;
  /** All who have waited for it, but those who ask again, and how many still do. */
  #waiters: Joined[];
  #waiting = 1;
  #isShared = false;
  #isInLine = false;

  /** `again` asks for who waits for it and must not fail with it. */
  constructor(
    underWay: UnderWay,
    hash: number,
    query: Query,
    first: LayerContext,
    timeoutMs: number,
    again: LayerFetch,
  ) {
    this.#underWay = underWay;
    this.hash = hash;
    this.query = query;
    this.#first = first;
    // Who joins within the longest time-out may wait as long again.
    const instant = instantOf(first.deadline);
    this.deadline = new GrowingDeadline(instant, Math.max(instant, performance.now() + 2 * timeoutMs));
    this.#memory = first.memory.part();
    this.#work = first.work.part();
    this.#again = again;
    this.#waiters = [new Joined(this, first)];
  }

  get waiters(): readonly Waiter[] {
    return this.#waiters;
  }

  /** Tells it from others of its hash; empty where it is too large to be compared. */
  get key(): string {
    return (this.#key ??= keyOf(this.query, this.#first.caller) ?? '');
  }

  /** Whether somebody may wait for it, too: it may go on for long enough, and stands in no other's line. */
  admits({ deadline, caller }: LayerContext): boolean {
    return instantOf(deadline) <= this.deadline.latest && !(this.#isInLine && this.#isOthers(caller));
  }

  /** Asks, for its first caller. */
  begin(next: LayerFetch): Promise<Payload> {
    this.#underWay.add(this);
    const context: LayerContext = {
      ...this.#first,
      signal: this.#signal,
      deadline: this.deadline,
      memory: this.#memory,
      work: this.#work,
      trace: SharedTrace.of(this.#first, this),
      onlooker: this,
    };
    ask(next, this.query, context).then(
      (payload) => this.#succeed(payload),
      (error: unknown) => this.#fail(error),
    );
    return this.#waiters[0]!.answer;
  }

  /** Waits for it, too. */
  join(context: LayerContext): Promise<Payload> {
    if (!this.#isShared) {
      this.#memory.disown();
      this.#work.disown();
      this.#isShared = true;
    }
    this.deadline.extend(instantOf(context.deadline));
    this.#waiting += 1;
    const waiter = new Joined(this, context);
    waiter.join('coalesced', performance.now());
    this.#waiters.push(waiter);
    return waiter.answer;
  }

  /** Those of other names have turns of their own, which may come sooner than this one. */
  waits(): void {
    this.#isInLine = true;
    if (!this.#isShared) return;
    const others = this.#part(({ context }) => this.#isOthers(context.caller));
    if (others.length > 0) this.leave(notNeeded(), others.length);
    this.#askAgain(others);
  }

  goesOn(): void {
    this.#isInLine = false;
  }

  /** So many of those who wait have left. */
  leave(reason: unknown, count = 1): void {
    this.#waiting -= count;
    if (this.#waiting > 0) return;
    this.#underWay.remove(this);
    this.#signal.abort(reason);
  }

  #succeed(payload: Payload): void {
    const bytes = this.#isShared ? this.#memory.held : 0;
    this.#end();
    for (const waiter of this.#waiters) {
      waiter.wasAsked(this.#first.asked);
      waiter.take(payload, bytes);
    }
  }

  #fail(error: unknown): void {
    // Turned away it was for what its first caller has asked for besides, or for how little time that had:
    // no matter of who is another, or has more.
    const isFirsts = this.#isShared && classify(error) === 'rejected';
    const first = instantOf(this.#first.deadline);
    const others = isFirsts ? this.#part(({ context, until }) => this.#isOthers(context.caller) || until > first) : [];
    this.#end();
    for (const waiter of this.#waiters) {
      waiter.wasAsked(this.#first.asked);
      waiter.fail(error);
    }
    // Who has the most time first: the rest may join that.
    this.#askAgain(others.toSorted((one, other) => other.until - one.until));
  }

  #isOthers({ name }: Caller): boolean {
    return name !== this.#first.caller.name;
  }

  /** Takes those out who are still there and must not wait for it. */
  #part(mustNot: (waiter: Joined) => boolean): Joined[] {
    const { parted = [], kept = [] } = Object.groupBy(this.#waiters, (waiter) =>
      !waiter.isGone && mustNot(waiter) ? 'parted' : 'kept',
    );
    this.#waiters = kept;
    return parted;
  }

  #askAgain(waiters: readonly Joined[]): void {
    for (const waiter of waiters) waiter.askAgain(this.#again, this.query);
  }

  #end(): void {
    this.#underWay.remove(this);
    if (!this.#isShared) return;
    this.#memory.close();
    this.#underWay.joined += this.#waiters.length - 1;
  }
}

/** Somebody who waits for a shared call. */
class Joined extends Waiter {
  /** Until when they wait: an instant. */
  get until(): number {
    return instantOf(this.context.deadline);
  }

  /** They hold the bytes of an answer that others wait for, too. */
  take(payload: Payload, bytes: number): void {
    if (this.isGone) return;
    try {
      if (bytes > 0) this.context.memory.hold(bytes);
      this.succeed(payload);
    } catch (error) {
      this.fail(error);
    }
  }

  /** They are asked for by themselves, or join another call. */
  askAgain(fetch: LayerFetch, query: Query): void {
    this.stay();
    this.separate();
    this.succeed(ask(fetch, query, this.context));
  }
}
