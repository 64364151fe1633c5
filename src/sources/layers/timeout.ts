import { CallSignal } from '../../call-signal.ts';
import { tooLate } from '../../errors.ts';
import { instantOf, latestOf } from '../../store/deadline.ts';
import type { Context, Fetch, Query } from '../../store/fetch.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { whenAborted } from '../../when-aborted.ts';
import { onceClosed } from '../closing.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * Keeps a query's deadline, also one that grows, whatever the layers below do: TIMEOUT at once, the call
 * aborted, its late answer thrown away. A list or body is in time once it is open; from then on only the
 * caller's signal ends it.
 */
export function timeout(source: string): Layer {
  return { name: 'timeout', wrap: (next) => keeping(source, Infinity, next) };
}

/** The same for one attempt, which has so many milliseconds from the moment that it begins. */
export function attemptTimeout(source: string, timeoutMs: number): Layer {
  return {
    name: 'attempt timeout',
    bounds: () => ({ timeoutMs }),
    wrap: (next) => keeping(source, timeoutMs, next),
  };
}

function keeping(source: string, timeoutMs: number, next: Fetch): Fetch {
  return (query, context) => {
    const now = performance.now();
    const own = now + timeoutMs;
    const end = Math.min(instantOf(context.deadline), own);
    if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
    if (end <= now) return Promise.reject(tooLate(source, true));
    const call = new TimedCall(source, context, own);
    call.ask(next, query, end, now);
    return call.answer;
  };
}

/** A call while its time is kept. */
class TimedCall {
  readonly #settling = Promise.withResolvers<Payload>();
  readonly #source: string;
  readonly #context: Context;
  readonly #own: number;
  readonly #signal = new CallSignal();
  readonly #unlink: () => void;
  /** When it is looked whether its time has come. */
  #end = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isSettled = false;

  /** `own`: the instant at which its own time is over, whatever its deadline. */
  constructor(source: string, context: Context, own: number) {
    this.#source = source;
    this.#context = context;
    this.#own = own;
    this.#unlink = whenAborted(context.signal, () => this.#abort(context.signal.reason));
  }

  get answer(): Promise<Payload> {
    return this.#settling.promise;
  }

  ask(next: Fetch, query: Query, end: number, now: number): void {
    const deadline = Math.min(latestOf(this.#context.deadline), this.#own);
    this.#watch(end, now);
    ask(next, query, { ...this.#context, signal: this.#signal, deadline }).then(
      (payload) => this.#succeed(payload),
      (error: unknown) => this.#fail(error),
    );
  }

  #onTime(): void {
    const by = Math.min(instantOf(this.#context.deadline), this.#own);
    if (by > this.#end) return this.#watch(by, performance.now());
    this.#unlink();
    this.#abort(tooLate(this.#source));
  }

  #watch(end: number, now: number): void {
    this.#end = end;
    this.#timer = setTimeout(() => this.#onTime(), end - now);
  }

  #abort(reason: unknown): void {
    this.#settle();
    this.#settling.reject(reason);
    this.#signal.abort(reason);
  }

  #succeed(payload: Payload): void {
    if (this.#isSettled) return discard(payload);
    this.#settle();
    this.#settling.resolve(onceClosed(payload, this.#unlink));
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#unlink();
    this.#settling.reject(error);
  }

  #settle(): void {
    this.#isSettled = true;
    clearTimeout(this.#timer);
  }
}
