import { instantOf } from '../store/deadline.ts';
import type { Caller, Context, Fetch, Query } from '../store/fetch.ts';
import type { Payload } from '../store/payload.ts';

/** What several wait for. */
export interface WaitedFor {
  /** One of them has left, for this reason. */
  leave(reason: unknown): void;
}

const ONCE = { once: true };

/** Somebody who waits for a call. */
export class Waiter {
  readonly #settling = Promise.withResolvers<Payload>();
  readonly #call: WaitedFor;
  readonly #context: Context;

  constructor(call: WaitedFor, context: Context) {
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

  /** Until when they wait: an instant. */
  get until(): number {
    return instantOf(this.#context.deadline);
  }

  get isGone(): boolean {
    return this.#context.signal.aborted;
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
    const { signal, trace, asked } = this.#context;
    signal.removeEventListener('abort', this);
    delete trace?.shared;
    delete trace?.started;
    if (asked) asked.at = performance.now();
    this.#settling.resolve(fetch(query, this.#context));
  }
}
