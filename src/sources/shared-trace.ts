import type { Attempt, CallTrace } from '../store/call-trace.ts';
import type { Caller } from '../store/fetch.ts';
import type { LayerContext } from './layer-context.ts';
import type { Waiter } from './waiter.ts';

/** A call that several wait for. */
interface Shared {
  readonly waiters: readonly Waiter[];
}

/**
 * The trace of a call that several wait for, of whom the first is traced. That one tells its attempts, and
 * once it has left another of its batch does, else one of another batch: each shows nothing that comes after
 * its own end. An attempt that nobody can tell is none of a trace's.
 */
export class SharedTrace implements CallTrace {
  readonly #first: LayerContext;
  readonly #trace: CallTrace;
  readonly #call: Shared;

  constructor(first: LayerContext, trace: CallTrace, call: Shared) {
    this.#first = first;
    this.#trace = trace;
    this.#call = call;
  }

  /** Undefined where its first caller is not traced. */
  static of(first: LayerContext, call: Shared): SharedTrace | undefined {
    return first.trace && new SharedTrace(first, first.trace, call);
  }

  /** Who tells of what happens now. All of a batch come to a source as one caller. */
  get #telling(): LayerContext | undefined {
    return this.#ofWaiting(true, this.#first.caller) ?? this.#ofWaiting(true);
  }

  /** The first who still waits: of all, or of those who are traced, and are this caller, if one is given. */
  #ofWaiting(isTraced: boolean, caller?: Caller): LayerContext | undefined {
    for (const { isGone, context } of this.#call.waiters) {
      if (isGone) continue;
      const { trace } = context;
      // One who waits may stand for several.
      if (trace instanceof SharedTrace) {
        const own = trace.#ofWaiting(isTraced, caller);
        if (own) return own;
      } else if ((trace || !isTraced) && (!caller || context.caller === caller)) return context;
    }
    return undefined;
  }

  get attempts(): Attempt[] {
    return this.#telling?.trace?.attempts ?? [];
  }

  get spanOf(): CallTrace['spanOf'] {
    return this.#telling?.trace?.spanOf;
  }

  get asker(): Caller | undefined {
    return (this.#telling ?? this.#ofWaiting(false))?.caller;
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
