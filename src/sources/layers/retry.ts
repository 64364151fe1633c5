import { classify, type CodapError } from '../../errors.ts';
import { instantOf } from '../../store/deadline.ts';
import type { Query } from '../../store/fetch.ts';
import type { LayerContext, Onlooker } from '../layer-context.ts';
import type { Payload } from '../../store/payload.ts';
import { untilLetIn, type WhenInVain } from '../../store/signals.ts';
import { Budget } from '../budget.ts';
import type { Circuit } from '../circuit.ts';
import { ask, type CountingLayer } from '../layer.ts';

/** How often a call is tried, and how many of all tries may be further ones. */
export interface RetryOptions {
  /** In all, the first included. */
  readonly attempts: number;
  /** Retries for each call of the last ten seconds. */
  readonly budget: number;
  /** Further retries for each of the last ten seconds, however few the calls. */
  readonly perSecond: number;
}

/** The longest random wait before the second attempt, in milliseconds; it doubles for each further one. */
const WAIT_MS = 10;
/** A timer may fire so many milliseconds early: an attempt that has no more time than that is none. */
const LEAST_MS = 1;

/**
 * Asks again where a failure may pass: after the store's Retry-After or a random wait, if that fits into the
 * deadline and the budget, else the failure is handed on at once. A call that goes on with a broken body is a
 * retry from its start. While the circuit keeps it from being asked again, nobody waits for that.
 */
export function retry({ attempts, budget, perSecond }: RetryOptions, circuit?: Circuit): CountingLayer<'retry'> {
  const left = new Budget(budget, perSecond);
  let retries = 0;

  /** Waits until there may be a further attempt, and answers what that takes; else throws the failure. */
  const again = async (failure: unknown, attempt: number, { signal, deadline }: LayerContext): Promise<number> => {
    if (attempt > attempts || signal.aborted || classify(failure) !== 'transient') throw failure;
    const ms = (failure as CodapError).retryAfterMs ?? Math.random() * WAIT_MS * 2 ** (attempt - 2);
    // A TIMEOUT that comes with the query's own deadline ends here, too.
    const until = performance.now() + ms;
    if (until + LEAST_MS > instantOf(deadline)) throw failure;
    const taken = left.take();
    if (taken === undefined) throw failure;
    try {
      await wait(ms, signal, circuit?.whenShutAt(until));
    } catch (reason) {
      left.giveBack(taken);
      throw signal.aborted ? reason : failure;
    }
    return taken;
  };

  return {
    name: 'retry',
    bounds: () => ({ attempts, budget, perSecond }),
    state: () => ({ retries }),
    wrap(next) {
      const another = async (
        query: Query,
        context: LayerContext,
        count: number,
        failure: unknown,
      ): Promise<Payload> => {
        const taken = await again(failure, count, context);
        const memory = context.memory.part();
        const onlooker = new Asked(context.onlooker);
        const resends = (context.resends ?? 0) + count - 1;
        try {
          const payload = await ask(next, query, { ...context, memory, onlooker, resends });
          retries += 1;
          return payload;
        } catch (error) {
          memory.close();
          const isRejected = classify(error) === 'rejected';
          if (isRejected || !onlooker.isAsked) {
            left.giveBack(taken);
            // The store was not asked again: what it said first is what is known, unless who waited has left.
            throw isRejected ? failure : error;
          }
          retries += 1;
          return another(query, context, count + 1, error);
        }
      };
      return (query, context) => {
        const { resumedAfter, trace } = context;
        // It counts on from the attempt that it goes on after.
        if (resumedAfter)
          return another(query, { ...context, resends: trace?.attempts.at(-1)?.resends ?? 0 }, 2, resumedAfter);
        left.calls.add();
        const memory = context.memory.part();
        return ask(next, query, { ...context, memory }).catch((error: unknown) => {
          // It holds nothing any more, whatever still comes of it.
          memory.close();
          return another(query, context, 2, error);
        });
      };
    },
  };
}

/** Whether the store is asked: not while the attempt waits in a line and nothing of it was asked before. */
class Asked implements Onlooker {
  isAsked = true;
  readonly #outer: Onlooker | undefined;

  /** `outer` looks on at the call. */
  constructor(outer: Onlooker | undefined) {
    this.#outer = outer;
  }

  waits(wasAsked = false): void {
    this.isAsked = wasAsked;
    this.#outer?.waits();
  }

  goesOn(): void {
    this.isAsked = true;
    this.#outer?.goesOn();
  }
}

function wait(ms: number, signal: AbortSignal, whenInVain?: WhenInVain): Promise<void> {
  const join = (enter: () => void): (() => void) => {
    const timer = setTimeout(enter, ms);
    return () => clearTimeout(timer);
  };
  return untilLetIn(signal, join, whenInVain);
}
