import type { Memory } from '../../budget/memory.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { classify, notNeeded } from '../../errors.ts';
import type { Query } from '../../store/fetch.ts';
import type { LayerContext, LayerFetch, Onlooker } from '../layer-context.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import { Budget } from '../budget.ts';
import { onceClosed } from '../closing.ts';
import { ask, type CountingLayer } from '../layer.ts';
import { Percentile } from '../percentile.ts';

/** When a second attempt is sent, and how many of them there may be. */
export interface HedgeOptions {
  /** The share of calls, from 0 to 1, that are answered before a second attempt is sent. */
  readonly percentile: number;
  /** Second attempts for each call of the last ten seconds. */
  readonly budget: number;
}

/**
 * Sends a second attempt beside one that takes longer than most do, and takes the answer that comes first;
 * the other attempt is cancelled (Dean and Barroso, The Tail at Scale, 2013). A failure that may pass is no
 * answer while the other attempt runs.
 */
export function hedge({ percentile, budget }: HedgeOptions): CountingLayer<'hedge'> {
  const hedging = new Hedging({ percentile, budget });
  return {
    name: 'hedge',
    bounds: () => ({ percentile, budget }),
    state: () => ({ hedges: hedging.hedges }),
    wrap: (next) => (query, context) => {
      const { signal } = context;
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      return new HedgedCall(hedging, next, query, context).begin();
    },
  };
}

/** What the calls of one source know together. */
class Hedging {
  readonly budget: Budget;
  /**
   * Of first attempts alone, from when their turn came until they were answered. One that was given up later
   * than this would have taken longer still: left out, it would make all seem faster than they are, and ever
   * more would be sent.
   */
  readonly usual: Percentile;
  hedges = 0;

  constructor({ percentile, budget }: HedgeOptions) {
    this.budget = new Budget(budget);
    this.usual = new Percentile(percentile);
  }
}

/** One of the attempts of a call that are under way. */
class Attempt implements Onlooker {
  readonly #call: HedgedCall;
  /** What it took of the budget; undefined of the first one. */
  readonly taken: number | undefined;
  readonly signal = new CallSignal();
  readonly memory: Memory;
  /** It waits for a place or a token: the store knows nothing of it. */
  isInLine = false;

  constructor(call: HedgedCall, memory: Memory, taken: number | undefined) {
    this.#call = call;
    this.memory = memory;
    this.taken = taken;
  }

  waits(): void {
    this.#call.stands(this, true);
  }

  goesOn(): void {
    this.#call.stands(this, false);
  }
}

/** A call of one or two attempts. */
class HedgedCall {
  readonly #hedging: Hedging;
  readonly #next: LayerFetch;
  readonly #query: Query;
  readonly #context: LayerContext;
  readonly #usualMs: number;
  readonly #answer = Promise.withResolvers<Payload>();
  readonly #running: Attempt[] = [];
  readonly #unlink: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When the turn of the first attempt came. */
  #started = 0;
  #failure: unknown;
  /** The store knows of an attempt that is over. */
  #wasAsked = false;
  #winner: Attempt | undefined;

  constructor(hedging: Hedging, next: LayerFetch, query: Query, context: LayerContext) {
    this.#hedging = hedging;
    this.#next = next;
    this.#query = query;
    this.#context = context;
    this.#usualMs = hedging.usual.value ?? Infinity;
    const { signal } = context;
    this.#unlink = whenAborted(signal, () => {
      // A list or body that was handed on ends with its caller, too.
      this.#winner?.signal.abort(signal.reason);
      this.#end(signal.reason);
      this.#answer.reject(signal.reason);
    });
  }

  begin(): Promise<Payload> {
    this.#hedging.budget.calls.add();
    const first = this.#send();
    if (this.#running.includes(first) && !first.isInLine) this.#begins();
    return this.#answer.promise;
  }

  /** An attempt waits for its turn, or that has come. */
  stands(one: Attempt, isInLine: boolean): void {
    // Its turn may have come just as it was given up.
    if (!this.#running.includes(one)) return;
    one.isInLine = isInLine;
    if (one.taken === undefined) {
      clearTimeout(this.#timer);
      if (!isInLine) this.#begins();
    }
    this.#tell();
  }

  /** The turn of the first attempt has come: while it waits in a line, another would wait behind it. */
  #begins(): void {
    this.#started = performance.now();
    if (this.#usualMs < Infinity) this.#timer = setTimeout(() => this.#hedge(), Math.ceil(this.#usualMs));
  }

  #hedge(): void {
    // Where bytes are held, the first one is here: the store has answered, and is not asked once more.
    const isHere = this.#running.some(({ memory }) => memory.held > 0);
    const taken = isHere ? undefined : this.#hedging.budget.take();
    if (taken !== undefined) this.#send(taken);
  }

  #send(taken?: number): Attempt {
    const { memory } = this.#context;
    const one = new Attempt(this, memory.part(), taken);
    this.#running.push(one);
    const own = { ...this.#context, signal: one.signal, memory: one.memory, onlooker: one };
    ask(this.#next, this.#query, taken === undefined ? own : { ...own, hedge: true }).then(
      (payload) => {
        if (this.#running.includes(one)) this.#succeed(one, payload);
        else discard(payload);
      },
      (error: unknown) => {
        one.memory.close();
        if (this.#running.includes(one)) this.#fail(one, error);
      },
    );
    return one;
  }

  #succeed(one: Attempt, payload: Payload): void {
    this.#winner = one;
    this.#leave(one, true);
    this.#end(notNeeded());
    this.#answer.resolve(onceClosed(payload, this.#unlink));
  }

  #fail(one: Attempt, error: unknown): void {
    const kind = classify(error);
    const answered = kind === 'permanent';
    this.#leave(one, answered, kind === 'rejected');
    if (one.taken === undefined || answered) this.#failure = error;
    if (this.#running.length > 0 && !answered) return this.#tell();
    this.#end(notNeeded());
    this.#unlink();
    this.#answer.reject(this.#failure);
  }

  /** An attempt is over: what it tells of the store is noted. */
  #leave(one: Attempt, answered: boolean, rejected = false): void {
    const { budget, usual } = this.#hedging;
    this.#running.splice(this.#running.indexOf(one), 1);
    const isAsked = !one.isInLine && !rejected;
    this.#wasAsked ||= isAsked;
    if (one.taken !== undefined) {
      if (isAsked) this.#hedging.hedges += 1;
      else budget.giveBack(one.taken);
    } else if (isAsked) {
      const took = performance.now() - this.#started;
      if (answered || took > this.#usualMs) usual.add(took);
    }
  }

  /** Gives up what still runs. */
  #end(reason: unknown): void {
    clearTimeout(this.#timer);
    for (const one of this.#running.slice()) {
      this.#leave(one, false);
      one.memory.close();
      one.signal.abort(reason);
    }
  }

  #tell(): void {
    const { onlooker } = this.#context;
    if (this.#running.every(({ isInLine }) => isInLine)) onlooker?.waits(this.#wasAsked);
    else onlooker?.goesOn();
  }
}
