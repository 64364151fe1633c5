import type { Memory } from '../../budget/memory.ts';
import type { Work } from '../../budget/work.ts';
import { CallSignal } from '../../call-signal.ts';
import { hashOf } from '../../json/hash.ts';
import { GrowingDeadline, instantOf } from '../../store/deadline.ts';
import type { Context, Fetch, Query } from '../../store/fetch.ts';
import type { Payload } from '../../store/payload.ts';
import { whenAborted } from '../../when-aborted.ts';
import { keyOf } from '../key.ts';
import { ask, type Layer } from '../layer.ts';

/** Lists of calls under way that a hash leads to; a power of two. */
const LISTS = 1024;

/**
 * Gathered queries that are the same, while one of them is under way, are one call. Each who waits keeps
 * their own deadline and leaves when they like; the call goes on to the latest of them, and ends when the
 * last has left. `timeoutMs`: the longest that one of them may wait, in milliseconds.
 */
export function coalesce(timeoutMs: number): Layer {
  const underWay = new UnderWay();
  let coalesced = 0;
  return {
    name: 'coalesce',
    bounds: ({ want }) => (want === 'value' ? {} : undefined),
    state: () => ({ coalesced }),
    wrap: (next) => (query, context) => {
      if (query.want !== 'value') return next(query, context);
      if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
      const hash = hashOf(query.params);
      const other = underWay.find(hash, query, context);
      if (!other) return new SharedCall(underWay, hash, query, context, timeoutMs).begin(next);
      coalesced += 1;
      if (context.trace) {
        context.trace.shared = 'coalesced';
        context.trace.started = performance.now();
      }
      return other.join(context);
    },
  };
}

/**
 * The calls under way, in lists by the hash of their params. A Map would need each one's whole key, which
 * takes longer to write than most calls have use for.
 */
class UnderWay {
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
class SharedCall {
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
  #key: string | undefined;
  #answer: Promise<Payload> | undefined;
  #waiting = 1;
  #isShared = false;
  #isEnded = false;
  /** Bytes that its answer holds, once it is there and shared. */
  #bytes = 0;

  constructor(underWay: UnderWay, hash: number, query: Query, first: Context, timeoutMs: number) {
    this.#underWay = underWay;
    this.hash = hash;
    this.query = query;
    this.#first = first;
    // Who joins within the longest time-out may wait as long again.
    const instant = instantOf(first.deadline);
    this.deadline = new GrowingDeadline(instant, Math.max(instant, performance.now() + 2 * timeoutMs));
    this.#memory = first.memory.part();
    this.#work = first.work.part();
  }

  /** Tells it from others of its hash; empty where it is too large to be compared. */
  get key(): string {
    return (this.#key ??= keyOf(this.query, this.#first.caller) ?? '');
  }

  /** Asks, for its first caller. */
  begin(next: Fetch): Promise<Payload> {
    const { deadline } = this;
    const own = { signal: this.#signal, deadline, memory: this.#memory, work: this.#work };
    this.#answer = ask(next, this.query, { ...this.#first, ...own });
    this.#underWay.add(this);
    return this.#wait(this.#first, this.#answer);
  }

  /** Waits for it, too. */
  join(context: Context): Promise<Payload> {
    if (!this.#isShared) {
      this.#isShared = true;
      this.#memory.disown();
      this.#work.disown();
    }
    this.deadline.extend(instantOf(context.deadline));
    this.#waiting += 1;
    return this.#wait(context, this.#answer!);
  }

  #wait({ signal, memory }: Context, answer: Promise<Payload>): Promise<Payload> {
    return new Promise((resolve, reject) => {
      const stay = whenAborted(signal, () => {
        reject(signal.reason);
        this.#leave(signal.reason);
      });
      const succeed = (payload: Payload): void => {
        stay();
        this.#end();
        try {
          if (this.#isShared && !signal.aborted) memory.hold(this.#bytes);
          resolve(payload);
        } catch (error) {
          reject(error);
        }
      };
      const fail = (error: unknown): void => {
        stay();
        this.#end();
        reject(error);
      };
      answer.then(succeed, fail);
    });
  }

  #leave(reason: unknown): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#underWay.remove(this);
    this.#signal.abort(reason);
  }

  /** The first who hears of its end lets go of it. */
  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#underWay.remove(this);
    if (!this.#isShared) return;
    this.#bytes = this.#memory.held;
    this.#memory.close();
  }
}
