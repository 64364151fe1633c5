import { Readable } from 'node:stream';
import { CodapError, notNeeded, toCodapError } from '../../errors.ts';
import { leave, type Body, type Items } from '../../store/payload.ts';

/** How long an open list or body may keep its reader waiting. */
export interface StreamLimits {
  /** Milliseconds between two items or chunks. */
  readonly streamIdleMs: number;
  /** Milliseconds in all. */
  readonly streamMs: number;
}

/** Stand for what is closed, so that a batch of very many does not hold on to what each came through. */
const SPENT = Readable.from([]).destroy();
const ENDED: AsyncIterator<never, undefined> = { next: () => Promise.resolve({ done: true, value: undefined }) };

/** A list or body that is open and not yet read. Only time in which somebody waits for it counts. */
export class Flow<T = unknown> {
  #payload: Items | Body;
  #iterator: AsyncIterator<T>;
  readonly #limits: StreamLimits;
  #abort: (reason: CodapError) => void;
  readonly #source: string;
  #waited = 0;
  #waitingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onClose: (() => void) | undefined;
  #rejectNext: ((reason: CodapError) => void) | undefined;
  #broken: CodapError | undefined;

  constructor(payload: Items | Body, source: string, limits: StreamLimits, abort: (reason: CodapError) => void) {
    this.#payload = payload;
    this.#iterator = (payload.kind === 'items' ? payload.items : payload.stream)[
      Symbol.asyncIterator
    ]() as AsyncIterator<T>;
    // An error that comes while nobody reads is told to whoever reads next.
    if (payload.kind === 'body') payload.stream.on('error', () => {});
    this.#source = source;
    this.#limits = limits;
    this.#abort = abort;
  }

  get payload(): Items | Body {
    return this.#payload;
  }

  /** What ended it before its end. */
  get broken(): CodapError | undefined {
    return this.#broken;
  }

  /**
   * The next item or chunk. Rejects with TIMEOUT when it is not there in time, and with whatever broke the
   * stream.
   */
  async next(): Promise<IteratorResult<T, void>> {
    if (this.#broken) throw this.#broken;
    this.#waitingSince = performance.now();
    this.#timer ??= this.#watch();
    try {
      return await new Promise<IteratorResult<T, void>>((resolve, reject) => {
        this.#rejectNext = reject;
        this.#iterator.next().then(resolve as (step: IteratorResult<T>) => void, reject);
      });
    } catch (error) {
      throw (this.#broken ??= toCodapError(error).from(this.#source));
    } finally {
      this.#rejectNext = undefined;
      this.#waited += performance.now() - this.#waitingSince;
      this.#waitingSince = undefined;
    }
  }

  /** Milliseconds that the present wait may still last. */
  get #patience(): number {
    const lasted = this.#waitingSince === undefined ? 0 : performance.now() - this.#waitingSince;
    return Math.min(this.#limits.streamIdleMs, this.#limits.streamMs - this.#waited) - lasted;
  }

  /** One timer for many short waits: when it fires it looks how long the present one has lasted. */
  #watch(): NodeJS.Timeout {
    return setTimeout(() => this.#look(), Math.max(1, this.#patience));
  }

  #look(): void {
    this.#timer = undefined;
    const since = this.#waitingSince;
    if (since === undefined) return;
    if (this.#patience > 0) this.#timer = this.#watch();
    else setImmediate(() => this.#giveUp(since));
  }

  /**
   * After a while in which codap stood still, timers come before what the store has sent meanwhile. Where
   * all that it may take in all is used up, no further item is waited for.
   */
  #giveUp(since: number): void {
    if (this.#iterator === ENDED) return;
    const isSpent = this.#waited >= this.#limits.streamMs;
    if (this.#waitingSince === since || (isSpent && this.#waitingSince !== undefined))
      this.break(new CodapError('TIMEOUT', 'the store paused for too long', { source: this.#source }));
    else if (this.#waitingSince !== undefined) this.#timer ??= this.#watch();
  }

  /** Ends it from outside: whoever waits for the next item is told why. */
  break(reason: CodapError): void {
    this.#broken ??= reason.from(this.#source);
    this.#rejectNext?.(this.#broken);
    this.close(reason);
  }

  /** Calls back once it is closed. */
  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  /** Lets go of the store. */
  close(reason: CodapError = notNeeded()): void {
    clearTimeout(this.#timer);
    this.#abort(reason);
    this.#onClose?.();
    if (this.#payload.kind === 'body') {
      this.#payload.stream.destroy();
      this.#payload = { ...this.#payload, stream: SPENT };
    } else {
      const iterator = this.#iterator;
      leave(() => iterator);
      this.#payload = { kind: 'items', items: SPENT };
    }
    this.#iterator = ENDED;
    this.#abort = () => {};
    this.#onClose = undefined;
  }
}
