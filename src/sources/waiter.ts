import type { CallTrace } from '../store/call-trace.ts';
import type { AskedAt, LayerContext } from './layer-context.ts';
import type { Payload } from '../store/payload.ts';

/** What several wait for. */
export interface WaitedFor {
  /** One of them has left, for this reason. */
  leave(reason: unknown): void;
}

const ONCE = { once: true };

/** Somebody who waits for a call that others wait for, too. */
export class Waiter {
  readonly context: LayerContext;
  readonly #call: WaitedFor;
  #isJoined = false;
  readonly #settling = Promise.withResolvers<Payload>();

  constructor(call: WaitedFor, context: LayerContext) {
    this.#call = call;
    this.context = context;
    // As the object that it is: nearly all hear nothing, and no function is made for them.
    context.signal.addEventListener('abort', this, ONCE);
  }

  get answer(): Promise<Payload> {
    return this.#settling.promise;
  }

  get isGone(): boolean {
    return this.context.signal.aborted;
  }

  /** They leave. */
  handleEvent(): void {
    const { reason } = this.context.signal;
    this.#settling.reject(reason);
    this.#call.leave(reason);
  }

  /** From now on their leaving is no matter of the call's. */
  stay(): void {
    this.context.signal.removeEventListener('abort', this);
  }

  /** From now on they share a call that somebody else has begun. */
  join(how: NonNullable<CallTrace['shared']>, now: number): void {
    this.#isJoined = true;
    const { trace } = this.context;
    if (!trace) return;
    trace.shared = how;
    trace.started = now;
  }

  /** They are asked for by themselves after all; whether they had joined. */
  separate(): boolean {
    if (!this.#isJoined) return false;
    const { trace } = this.context;
    if (trace) {
      trace.shared = undefined;
      trace.started = undefined;
    }
    return true;
  }

  /** What they are about to be answered was asked for then: a cache of theirs counts its age from that. */
  wasAsked(call: AskedAt | undefined): void {
    const { asked } = this.context;
    if (asked && call) asked.at = call.at;
  }

  succeed(answer: Payload | Promise<Payload>): void {
    this.stay();
    // Those who have left while that was asked for hear nothing of it: its failure must not be nobody's.
    if (answer instanceof Promise) answer.then(this.#settling.resolve, this.#settling.reject);
    else this.#settling.resolve(answer);
  }

  fail(error: unknown): void {
    this.stay();
    this.#settling.reject(error);
  }
}
