import type { Memory } from '../budget/memory.ts';
import type { Work } from '../budget/work.ts';
import { CallSignal } from '../call-signal.ts';
import { classify } from '../errors.ts';
import { GrowingDeadline, instantOf } from '../store/deadline.ts';
import type { Caller, Context, Fetch, Query } from '../store/fetch.ts';
import type { Payload } from '../store/payload.ts';
import { keyOf } from './key.ts';
import { ask } from './layer.ts';

/** Lists of calls under way that a hash leads to; a power of two. */
const LISTS = 1024;

/**
 * The calls under way, in lists by the hash of their params. A Map would need each one's whole key, which
 * takes longer to write than most calls have use for.
 */
export class UnderWay {
  readonly #lists: (SharedCall | undefined)[] = Array.from({ length: LISTS });

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

  /** The youngest call for the same, if it may go on for long enough. */
  find(hash: number, query: Query, context: Context): SharedCall | undefined {
    let key: string | undefined;
    for (let call = this.#lists[hash & (LISTS - 1)]; call; call = call.behind) {
      if (call.hash !== hash || call.query.op !== query.op) continue;
      key ??= keyOf(query, context.caller);
      if (key === undefined) return undefined;
      if (call.key !== key) continue;
      return instantOf(context.deadline) <= call.deadline.latest ? call : undefined;
    }
    return undefined;
  }
}

/**
 * A call that others may join. Until somebody does it is its first caller's own: what it holds and computes
 * counts in their name.
 */
export class SharedCall {
  readonly hash: number;
  readonly query: Query;
  readonly deadline: GrowingDeadline;
  /** The next call in its list. */
  behind: SharedCall | undefined;
  readonly #underWay: UnderWay;
  readonly #first: Context;
  readonly #signal = new CallSignal();
  readonly #memory: Memory;
  readonly #work: Work;
  readonly #again: Fetch;
  #key: string | undefined;
  /** All who have waited for it, and how many still do. */
  readonly #waiters: Waiter[];
  #waiting = 1;

  /** `again` asks for who waits for it and must not fail with it. */
  constructor(underWay: UnderWay, hash: number, query: Query, first: Context, timeoutMs: number, again: Fetch) {
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
    this.#waiters = [new Waiter(this, first)];
  }

  /** Tells it from others of its hash; empty where it is too large to be compared. */
  get key(): string {
    return (this.#key ??= keyOf(this.query, this.#first.caller) ?? '');
  }

  /** Asks, for its first caller. */
  begin(next: Fetch): Promise<Payload> {
    this.#underWay.add(this);
    const context: Context = {
      ...this.#first,
      signal: this.#signal,
      deadline: this.deadline,
      memory: this.#memory,
      work: this.#work,
    };
    ask(next, this.query, context).then(
      (payload) => this.#succeed(payload),
      (error: unknown) => this.#fail(error),
    );
    return this.#waiters[0]!.answer;
  }

  /** Waits for it, too. */
  join(context: Context): Promise<Payload> {
    if (!this.#isShared) {
      this.#memory.disown();
      this.#work.disown();
    }
    this.deadline.extend(instantOf(context.deadline));
    this.#waiting += 1;
    const waiter = new Waiter(this, context);
    this.#waiters.push(waiter);
    return waiter.answer;
  }

  /** One of those who wait has left. */
  leave(reason: unknown): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#underWay.remove(this);
    this.#signal.abort(reason);
  }

  get #isShared(): boolean {
    return this.#waiters.length > 1;
  }

  #succeed(payload: Payload): void {
    const bytes = this.#isShared ? this.#memory.held : 0;
    this.#end();
    for (const waiter of this.#waiters) waiter.succeed(payload, bytes);
  }

  #fail(error: unknown): void {
    this.#end();
    // Turned away it was for what its first caller has asked for besides, which is no matter of the others.
    const isFirsts = this.#isShared && classify(error) === 'rejected';
    for (const waiter of this.#waiters)
      if (isFirsts && waiter.caller.name !== this.#first.caller.name) waiter.askAgain(this.#again, this.query);
      else waiter.fail(error);
  }

  #end(): void {
    this.#underWay.remove(this);
    if (this.#isShared) this.#memory.close();
  }
}

const ONCE = { once: true };

/** Somebody who waits for a call. */
class Waiter {
  readonly #settling = Promise.withResolvers<Payload>();
  readonly #call: SharedCall;
  readonly #context: Context;

  constructor(call: SharedCall, context: Context) {
    this.#call = call;
    this.#context = context;
    // As the object that it is: nearly all hear nothing, and no function is made for them.
    context.signal.addEventListener('abort', this, ONCE);
  }

  get answer(): Promise<Payload> {
    return this.#settling.promise;
  }

  get caller(): Caller {
    return this.#context.caller;
  }

  /** They leave. */
  handleEvent(): void {
    const { reason } = this.#context.signal;
    this.#settling.reject(reason);
    this.#call.leave(reason);
  }

  /** They hold the bytes of an answer that others wait for, too. */
  succeed(payload: Payload, bytes: number): void {
    const { signal, memory } = this.#context;
    if (signal.aborted) return;
    signal.removeEventListener('abort', this);
    try {
      if (bytes > 0) memory.hold(bytes);
      this.#settling.resolve(payload);
    } catch (error) {
      this.#settling.reject(error);
    }
  }

  fail(error: unknown): void {
    this.#context.signal.removeEventListener('abort', this);
    this.#settling.reject(error);
  }

  askAgain(fetch: Fetch, query: Query): void {
    const { signal } = this.#context;
    if (signal.aborted) return;
    signal.removeEventListener('abort', this);
    this.#settling.resolve(fetch(query, this.#context));
  }
}
