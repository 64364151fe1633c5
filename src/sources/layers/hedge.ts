import type { Memory } from '../../budget/memory.ts';
import { CallSignal } from '../../call-signal.ts';
import { classify, notNeeded } from '../../errors.ts';
import type { Onlooker } from '../../store/fetch.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { whenAborted } from '../../when-aborted.ts';
import { Budget } from '../budget.ts';
import { onceClosed } from '../closing.ts';
import { ask, type Layer } from '../layer.ts';
import { Percentile } from '../percentile.ts';

/** When a second attempt is sent, and how many of them there may be. */
export interface HedgeOptions {
  /** The share of calls, from 0 to 1, that are answered before a second attempt is sent. */
  readonly percentile: number;
  /** Second attempts for each call of the last ten seconds. */
  readonly budget: number;
}

/** One of the attempts of a call that are under way. */
interface Attempt extends Onlooker {
  /** What it took of the budget; undefined of the first one. */
  readonly taken: number | undefined;
  readonly signal: CallSignal;
  readonly memory: Memory;
  /** It waits for a place or a token: the store knows nothing of it. */
  isInLine: boolean;
}

/**
 * Sends a second attempt beside one that takes longer than most do, and takes the answer that comes first;
 * the other attempt is cancelled (Dean and Barroso, The Tail at Scale, 2013). A failure that may pass is no
 * answer while the other attempt runs.
 */
export function hedge({ percentile, budget }: HedgeOptions): Layer {
  const left = new Budget(budget);
  // Of first attempts alone, from when their turn came until they were answered. One that was given up later
  // than this would have taken longer still: left out, it would make all seem faster than they are, and ever
  // more would be sent.
  const usual = new Percentile(percentile);
  let hedges = 0;

  return {
    name: 'hedge',
    bounds: () => ({ percentile, budget }),
    state: () => ({ hedges }),
    wrap: (next) => (query, context) => {
      const { signal } = context;
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      left.calls.add();
      return new Promise<Payload>((resolve, reject) => {
        const usualMs = usual.value ?? Infinity;
        let started: number;
        const running: Attempt[] = [];
        let timer: NodeJS.Timeout | undefined;
        let failure: unknown;
        let wasAsked = false;
        let winner: Attempt | undefined;

        // For the first one: while it waits in a line, another would wait behind it.
        const begin = (): void => {
          started = performance.now();
          if (usualMs < Infinity) timer = setTimeout(second, Math.ceil(usualMs));
        };
        const second = (): void => {
          // Where bytes are held, the first one is here: the store has answered, and is not asked once more.
          const isHere = running.some(({ memory }) => memory.held > 0);
          const taken = isHere ? undefined : left.take();
          if (taken !== undefined) send(taken);
        };
        const tell = (): void => {
          if (running.every(({ isInLine }) => isInLine)) context.onlooker?.waits(wasAsked);
          else context.onlooker?.goesOn();
        };
        const stand = (one: Attempt, isInLine: boolean): void => {
          // Its turn may have come just as it was given up.
          if (!running.includes(one)) return;
          one.isInLine = isInLine;
          if (one.taken === undefined) {
            clearTimeout(timer);
            if (!isInLine) begin();
          }
          tell();
        };
        const leave = (one: Attempt, answered: boolean, rejected = false): void => {
          running.splice(running.indexOf(one), 1);
          const isAsked = !one.isInLine && !rejected;
          wasAsked ||= isAsked;
          if (one.taken !== undefined) {
            if (isAsked) hedges += 1;
            else left.giveBack(one.taken);
          } else if (isAsked) {
            const took = performance.now() - started;
            if (answered || took > usualMs) usual.add(took);
          }
        };
        const end = (reason: unknown): void => {
          clearTimeout(timer);
          for (const one of running.slice()) {
            leave(one, false);
            one.memory.close();
            one.signal.abort(reason);
          }
        };
        // A list or body that was handed on ends with its caller, too.
        const unlink = whenAborted(signal, () => {
          winner?.signal.abort(signal.reason);
          end(signal.reason);
          reject(signal.reason as Error);
        });
        const succeed = (one: Attempt, payload: Payload): void => {
          winner = one;
          leave(one, true);
          end(notNeeded());
          resolve(onceClosed(payload, unlink));
        };
        const fail = (one: Attempt, error: unknown): void => {
          const kind = classify(error);
          const answered = kind === 'permanent';
          leave(one, answered, kind === 'rejected');
          if (one.taken === undefined || answered) failure = error;
          if (running.length > 0 && !answered) return tell();
          end(notNeeded());
          unlink();
          reject(failure);
        };
        const send = (taken?: number): void => {
          const one: Attempt = {
            taken,
            signal: new CallSignal(),
            memory: context.memory.part(),
            isInLine: false,
            waits: () => stand(one, true),
            goesOn: () => stand(one, false),
          };
          running.push(one);
          const own = { ...context, signal: one.signal, memory: one.memory, onlooker: one };
          ask(next, query, taken === undefined ? own : { ...own, hedge: true }).then(
            (payload) => {
              if (running.includes(one)) succeed(one, payload);
              else discard(payload);
            },
            (error: unknown) => {
              one.memory.close();
              if (running.includes(one)) fail(one, error);
            },
          );
        };

        send();
        if (running[0]?.isInLine === false) begin();
      });
    },
  };
}
