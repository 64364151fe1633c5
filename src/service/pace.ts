import { isHeld, Turns } from '../budget/turns.ts';

/** How often the event loop's lag is looked at, in milliseconds. */
const SAMPLE_MS = 20;
/**
 * The lag above which nothing is let in, if it lasts for more than a turn: one pause, however long, is no
 * overload.
 */
const MAX_LAG_MS = 100;
/**
 * After that: the lag above which fewer are let in, and the one below which more are. Between them a turn is
 * short enough for a refusal to be quick.
 */
const BUSY_MS = 50;
const CALM_MS = 25;
/** How long the longest lag is told, in milliseconds: for once to twice that. */
const TOLD_MS = 10_000;
/** What a batch may be expected to wait, in milliseconds, for those that wait for their turn already. */
const MAX_WAIT_MS = 100;

/**
 * How many batches the event loop can take. None while those that wait for their turn (`Turns`) would keep it
 * waiting for too long: that is known before anybody has waited. Beyond that, as many as come, until the loop
 * lags for more than a turn, told from a timer that comes late: at two samples in a row, or at one that waits
 * for turn after turn. From then on a few, fewer after each late sample and more after each calm one, until
 * that is no limit any more. Without this, all that arrives in a calm turn would be let in, and the next one
 * be longer than the one that was too long.
 */
export class Pace {
  readonly #plenty: number;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  #begunAt = 0;
  #turns = 0;
  #lag = 0;
  #longest = 0;
  #longestBefore = 0;
  #toldSince = performance.now();
  #limit = Infinity;
  #taken = 0;

  /** A limit of more than `plenty` a turn is none. */
  constructor(plenty: number) {
    this.#plenty = plenty;
    this.#wait();
  }

  /** Whether there is a place left in this turn, and it would not wait too long for its own. */
  allows(): boolean {
    return this.#taken < this.#limit && !this.#lags(this.#lag) && Turns.expectedWaitMs() < MAX_WAIT_MS;
  }

  /** The longest lag of the last ten to twenty seconds, in milliseconds. */
  get longestLagMs(): number {
    this.#forget();
    return Math.max(this.#longest, this.#longestBefore);
  }

  /** Takes a place. */
  take(): void {
    this.#taken += 1;
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Whether the loop has lagged for more than a turn by now, told from the sample that is due and the lag at
   * the one before.
   */
  #lags(before: number, lag?: number): boolean {
    if (before > MAX_LAG_MS && (lag ?? performance.now() - this.#dueAt) > MAX_LAG_MS) return true;
    return this.#turns > 1 && performance.now() - this.#begunAt > MAX_LAG_MS;
  }

  #wait(): void {
    this.#turns = 0;
    this.#dueAt = performance.now() + SAMPLE_MS;
    this.#timer = setTimeout(() => void this.#sample(), SAMPLE_MS).unref();
  }

  async #sample(): Promise<void> {
    this.#begunAt = performance.now();
    if (isHeld()) await this.#myTurn();
    if (!this.#timer) return;
    const before = this.#lag;
    this.#lag = performance.now() - this.#dueAt;
    this.#forget();
    this.#longest = Math.max(this.#longest, this.#lag);
    if (this.#lags(before, this.#lag)) this.#limit = 0;
    else if (this.#limit < Infinity) this.#adjust();
    this.#taken = 0;
    this.#wait();
  }

  #forget(): void {
    const passed = performance.now() - this.#toldSince;
    if (passed < TOLD_MS) return;
    this.#longestBefore = passed < 2 * TOLD_MS ? this.#longest : 0;
    this.#longest = 0;
    this.#toldSince += passed - (passed % TOLD_MS);
  }

  /** Waits in line as any piece of work does, and counts the turns that this takes. */
  async #myTurn(): Promise<void> {
    const count = (): void => {
      this.#turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await new Turns().next();
    clearImmediate(next);
  }

  #adjust(): void {
    if (this.#lag > BUSY_MS) this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, this.#taken) / 2));
    else if (this.#lag < CALM_MS) this.#limit = Math.ceil(this.#limit * 1.25 + 0.5);
    if (this.#limit > this.#plenty) this.#limit = Infinity;
  }
}
