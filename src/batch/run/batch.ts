import { atInstant } from '../../ground/at-instant.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { CodapError, deadlinePassed, notNeeded } from '../../errors.ts';
import type { Caller } from '../../store/fetch.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import { piecesOf, sizing, type Size } from '../../json/size.ts';
import { Memory } from '../../budget/memory.ts';
import type { Limits } from '../../config/load.ts';
import { Who } from '../../sources/call.ts';
import { Work, type Steps } from '../../budget/work.ts';
import type { BatchTrace } from './batch-trace.ts';
import { GRACE_MS } from './grace.ts';
import type { Failure } from './reply.ts';

/** What one request allows itself, and how its answer is taken. */
export interface BatchOptions {
  readonly caller: Caller;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  /** How long the batch was given, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  readonly limits: Pick<Limits, 'calls' | 'work' | 'answerBytes' | 'keyChars' | 'streamIdleMs' | 'streamMs'>;
  /** What it lets codap compute, some of which planning may have used; else what the limits say. */
  readonly work?: Work;
  /** What the whole process may hold. */
  readonly memory: Memory;
  /** Whether the first failure that nothing absorbs fails the batch. */
  readonly failFast: boolean;
  /** Hears of every failure that is codap's own, for the log. */
  readonly report?: (failure: Failure) => void;
  /** What it tells of itself, where that was asked for. */
  readonly trace?: BatchTrace | undefined;
  /** Of a saved batch: its parameters. One that is not given and has no default is not there. */
  readonly params?: Params | undefined;
}

/** The parameters that a saved batch is run with. */
export type Params = Readonly<Record<string, unknown>>;

/** What the queries of one request share: its deadline, its budgets, and what has failed so far. */
export class Batch {
  readonly options: BatchOptions;
  readonly failures: Failure[] = [];
  readonly who: Who;
  /** The longest call of each source, in milliseconds. */
  readonly timings = new Map<string, number>();
  /** What it holds of answers and of copies made of them. */
  readonly memory: Memory;
  /** What it lets codap compute. */
  readonly work: Work;
  /** The failure that failed the whole batch. */
  decidedBy: Failure | undefined;
  /** A list or body has broken after its reply was ok. */
  hasBroken = false;
  /** Aborts at the deadline, when the client leaves, and when the batch has failed. */
  readonly signal = new CallSignal();
  /**
   * Aborts when the client leaves and when the batch has failed, not at the deadline: for lists and bodies
   * that flow.
   */
  readonly ended = new CallSignal();
  readonly #timer: NodeJS.Timeout;
  #calls: number;

  constructor(options: BatchOptions) {
    this.options = options;
    this.who = new Who(options.caller);
    this.#calls = options.limits.calls;
    const { answerBytes, work } = options.limits;
    this.memory = new Memory(
      answerBytes,
      () => new CodapError('TOO_LARGE', `the gathered answer would exceed ${answerBytes} bytes`),
      options.memory,
    );
    this.work = (options.work ?? new Work(work))
      .opensIn(this.memory)
      .endsBy(options.deadline + GRACE_MS.computing, this.ended);
    this.#timer = atInstant(options.deadline, () => this.signal.abort(deadlinePassed()));
    whenAborted(options.signal, () => this.cancel());
  }

  /** What it tells of itself, where that was asked for. */
  get trace(): BatchTrace | undefined {
    return this.options.trace;
  }

  /** Ends whatever still runs. */
  cancel(): void {
    const reason = notNeeded();
    this.signal.abort(reason);
    this.ended.abort(reason);
  }

  /** Every reply is there: lets go of the timer. The client may still leave while lists and bodies flow. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** Notes a failed query. */
  note(failure: Failure): void {
    if (failure.error.code !== 'CANCELLED') this.failures.push(failure);
    this.log(failure);
  }

  /** Tells the log of a failure that is codap's own: the answer says nothing of its cause. */
  log(failure: Failure): void {
    if (failure.error.code === 'INTERNAL') this.options.report?.(failure);
  }

  /** Fails the batch and ends what still runs; only the first word counts. */
  decide(failure: Failure): void {
    if (this.decidedBy || failure.error.code === 'CANCELLED') return;
    this.decidedBy = failure;
    this.cancel();
  }

  /** What was thrown while its answer was written fails it, whatever has left by then. */
  failWriting(cause: unknown): void {
    const unforeseen = new CodapError('INTERNAL', 'codap failed to write this answer', { cause });
    const failure = { path: [], error: cause instanceof CodapError ? cause : unforeseen };
    this.note(failure);
    this.decide(failure);
  }

  /** A list or body has broken after its reply was ok; nothing around it absorbs that. */
  broke(failure: Failure): void {
    this.hasBroken = true;
    this.note(failure);
    if (this.options.failFast) this.decide(failure);
  }

  /** Takes so many store calls out of the budget, all or none. */
  takeCalls(count: number): void {
    if (count > this.#calls)
      throw new CodapError('TOO_LARGE', `the batch would make more than ${this.options.limits.calls} calls`);
    this.#calls -= count;
  }

  /**
   * Throws TOO_LARGE if a copy of this value would not fit into what is left of the answer's budget, before
   * it is made; answers about its bytes, and the pieces of work that a copy is.
   */
  *mustFit(value: unknown): Steps<Size> {
    const tally = { pieces: piecesOf(value) };
    const bytes = yield* sizing(value, this.work, this.memory.left, tally);
    if (bytes > this.memory.left) this.takeBytes(bytes);
    return { bytes, pieces: tally.pieces };
  }

  /** Takes a text that is gathered, or copied, out of the answer's budget. */
  takeBytes(count: number): void {
    this.memory.hold(count);
  }

  /** Notes how long a source took, for `Server-Timing`. */
  timed(source: string, ms: number): void {
    this.timings.set(source, Math.max(this.timings.get(source) ?? 0, ms));
  }
}
