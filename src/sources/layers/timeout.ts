import { atInstant } from '../../ground/at-instant.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { tooLate } from '../../errors.ts';
import { instantOf, latestOf } from '../../store/deadline.ts';
import type { Query } from '../../store/fetch.ts';
import type { LayerContext, LayerFetch } from '../layer-context.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
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

function keeping(source: string, timeoutMs: number, next: LayerFetch): LayerFetch {
  const watch = new Watch();
  return (query, context) => {
    const now = performance.now();
    const own = now + timeoutMs;
    const end = Math.min(instantOf(context.deadline), own);
    if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
    if (end <= now) return Promise.reject(tooLate(source, true));
    const call = new TimedCall(watch, source, context, own, end);
    call.ask(next, query, now);
    return call.answer;
  };
}

/** A timer may fire so many milliseconds early. */
const EARLY_MS = 1;

/**
 * The calls of a layer whose time is kept, by one timer, set for the first of them that may run out: nearly
 * all are answered long before.
 */
class Watch {
  readonly #calls: TimedCall[] = [];
  /** What the timer is set for, an instant. */
  #instant = Infinity;
  #timer: NodeJS.Timeout | undefined;

  add(call: TimedCall, now: number): void {
    call.place = this.#calls.push(call) - 1;
    if (call.end < this.#instant) this.#set(call.end, now);
  }

  /** The last one takes its place. */
  remove({ place }: TimedCall): void {
    const last = this.#calls.pop() as TimedCall;
    if (last.place !== place) this.#calls[place] = last;
    last.place = place;
    if (this.#calls.length === 0) this.#set(Infinity, 0);
  }

  #set(instant: number, now: number): void {
    clearTimeout(this.#timer);
    this.#instant = instant;
    if (instant < Infinity) this.#timer = atInstant(instant, () => this.#look(), now);
  }

  #look(): void {
    const now = performance.now();
    for (const call of this.#calls.filter(({ end }) => end < now + EARLY_MS)) call.onTime();
    this.#set(
      this.#calls.reduce((first, { end }) => Math.min(first, end), Infinity),
      now,
    );
  }
}

/** A call while its time is kept. */
class TimedCall {
  /** When it is looked whether its time has come, an instant; and where it stands among those watched. */
  end: number;
  place = -1;
  readonly #settling = Promise.withResolvers<Payload>();
  readonly #watch: Watch;
  readonly #source: string;
  readonly #context: LayerContext;
  readonly #own: number;
  readonly #signal = new CallSignal();
  readonly #unlink: () => void;
  #isSettled = false;

  /** `own`: the instant at which its own time is over, whatever its deadline. */
  constructor(watch: Watch, source: string, context: LayerContext, own: number, end: number) {
    this.#watch = watch;
    this.#source = source;
    this.#context = context;
    this.#own = own;
    this.end = end;
    this.#unlink = whenAborted(context.signal, () => this.#abort(context.signal.reason));
  }

  get answer(): Promise<Payload> {
    return this.#settling.promise;
  }

  ask(next: LayerFetch, query: Query, now: number): void {
    const deadline = Math.min(latestOf(this.#context.deadline), this.#own);
    this.#watch.add(this, now);
    ask(next, query, { ...this.#context, signal: this.#signal, deadline }).then(
      (payload) => this.#succeed(payload),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Its time is over, unless its deadline has grown. */
  onTime(): void {
    const by = Math.min(instantOf(this.#context.deadline), this.#own);
    if (by > this.end) this.end = by;
    else if (!this.#isSettled) {
      this.#unlink();
      this.#abort(tooLate(this.#source));
    }
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
    if (!this.#isSettled) this.#watch.remove(this);
    this.#isSettled = true;
  }
}
