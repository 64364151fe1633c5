import type { Attempt, CallTrace } from '../store/call-trace.ts';
import type { Context } from '../store/fetch.ts';
import type { Waiter } from './waiter.ts';

/** A call that several wait for. */
interface Shared {
  readonly waiters: readonly Waiter[];
}

/**
 * The trace of a call that several wait for, of whom the first is traced. That one tells its attempts, and
 * once it has left another of its batch does: it shows nothing that comes after its own end.
 */
export class SharedTrace implements CallTrace {
  readonly #first: Context;
  readonly #trace: CallTrace;
  readonly #call: Shared;

  constructor(first: Context, trace: CallTrace, call: Shared) {
    this.#first = first;
    this.#trace = trace;
    this.#call = call;
  }

  /** Undefined where its first caller is not traced. */
  static of(first: Context, call: Shared): SharedTrace | undefined {
    return first.trace && new SharedTrace(first, first.trace, call);
  }

  get attempts(): Attempt[] {
    // All of a batch come to a source as one caller.
    const { caller } = this.#first;
    const teller = this.#call.waiters.find(({ isGone, context }) => !isGone && context.caller === caller);
    return (teller?.context.trace ?? this.#trace).attempts;
  }

  get spanOf(): CallTrace['spanOf'] {
    return this.#trace.spanOf;
  }

  get shared(): CallTrace['shared'] {
    return this.#trace.shared;
  }

  set shared(how: CallTrace['shared']) {
    this.#trace.shared = how;
  }

  get started(): CallTrace['started'] {
    return this.#trace.started;
  }

  set started(instant: CallTrace['started']) {
    this.#trace.started = instant;
  }
}
