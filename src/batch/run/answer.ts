import { atInstant } from '../../ground/at-instant.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Work } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import type { Batch, Params } from './batch.ts';
import { frames, type Frame, type FrameOrder } from './frames.ts';
import type { BatchTrace } from './batch-trace.ts';
import { GRACE_MS } from './grace.ts';
import type { Failure, Reply, Traced } from './reply.ts';
import type { Running } from './run.ts';
import type { RunningMember } from './running-member.ts';

/** What an encoding answers from: the replies of a batch under way. */
export class Answer {
  readonly #batch: Batch;
  readonly #root: RunningMember;

  /** When its batch started: an instant, `performance.now()` ms. */
  readonly started: number;

  constructor({ batch, root, started }: Running) {
    this.started = started;
    this.#batch = batch;
    this.#root = root;
  }

  /** The whole, once every reply is there. */
  get whole(): Promise<Reply> {
    return this.#root.reply;
  }

  /** What it tells of itself, and all that the whole holds, where that was asked for. */
  get traced(): { readonly trace: BatchTrace; readonly root: Traced } | undefined {
    const { trace } = this.#batch;
    return trace?.isShown ? { trace, root: this.#root } : undefined;
  }

  /** The replies as they come, each in its place; then the whole as it ended. */
  replies(order: FrameOrder): AsyncGenerator<Frame, Reply> {
    return frames(this.#batch, this.#root, order);
  }

  /** What failed the batch, so that its answer is a problem, or is cut. */
  get decidedBy(): Failure | undefined {
    return this.#batch.decidedBy;
  }

  /** Nobody takes it for a whole any more: the batch has failed, or the client has left. */
  get isCut(): boolean {
    return this.decidedBy !== undefined || this.#batch.ended.aborted;
  }

  /** What a saved batch was asked with. */
  get params(): Params {
    return this.#batch.options.params ?? {};
  }

  /** The longest call of each source, in milliseconds. */
  get timings(): ReadonlyMap<string, number> {
    return this.#batch.timings;
  }

  /** An instant: `performance.now()` ms. */
  get deadline(): number {
    return this.#batch.options.deadline;
  }

  /** The most bytes a gathered answer may have. */
  get mostBytes(): number {
    return this.#batch.options.limits.answerBytes;
  }

  /** Where bytes are counted that writing the answer has to hold. */
  get memory(): Memory {
    return this.#batch.memory;
  }

  /** In whose turns the answer is written. */
  get work(): Work {
    return this.#batch.work;
  }

  /** Fails the batch: its answer is a problem, or is cut where it has begun. */
  fail(failure: Failure): void {
    this.#batch.decide(failure);
  }

  /** Notes what broke an answer that has begun. */
  note(failure: Failure): void {
    this.#batch.note(failure);
  }

  /** What a promise comes to by so many milliseconds after the batch's deadline; undefined if it does not. */
  byDeadline<T>(promise: Promise<T>, graceMs: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const timer = atInstant(this.deadline + graceMs, () => resolve(undefined));
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** The same, for an answer that begins with the first byte there is: without one the batch fails. */
  async begins<T>(first: Promise<T>): Promise<T | undefined> {
    const come = await this.byDeadline(first, GRACE_MS.beginning);
    if (come === undefined && !this.#root.begun)
      this.fail({ path: [], error: new CodapError('TIMEOUT', 'nothing to read by the deadline') });
    return come;
  }
}
