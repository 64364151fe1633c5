import type { Attempt, CallTrace } from '../../store/call-trace.ts';

/** What became of one member of a traced batch, and when: instants, `performance.now()` ms. */
export class MemberTrace implements CallTrace {
  /** When the batch began, from which its answer counts. */
  readonly origin: number;
  /** The names that it waits for, as JSON; undefined where the answer does not show the trace. */
  readonly after: string | undefined;
  /** It asks a source itself; a group or forEach does not. */
  readonly calls: boolean;
  readonly attempts: Attempt[] = [];
  readonly spanOf: CallTrace['spanOf'];
  cache?: NonNullable<CallTrace['cache']>;
  shared?: NonNullable<CallTrace['shared']>;
  started?: number;
  /** Since when what it refers to is there; undefined while it waits for that, or was not begun. */
  queued: number | undefined;
  /** When its reply came to be; where something flows, when that was read. */
  ended: number | undefined;
  #ready = performance.now();

  constructor(origin: number, after: string | undefined, calls: boolean, spanOf?: CallTrace['spanOf']) {
    this.origin = origin;
    this.after = after;
    this.calls = calls;
    this.spanOf = spanOf;
  }

  /** It waits for something that it refers to. */
  wait(): void {
    this.queued = undefined;
  }

  /** All that it has waited for so far is there, the last of it since then, if there was anything. */
  ready(since = 0): void {
    this.#ready = Math.max(this.#ready, since);
    this.queued = this.#ready;
  }
}
