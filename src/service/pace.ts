import { type EventLoopUtilization, performance as clock } from 'node:perf_hooks';
import { isLoopHeld, Turns } from '../budget/turns.ts';

/** How often the event loop is looked at, in milliseconds. */
const SAMPLE_MS = 20;
/** The lag above which nothing is let in, in milliseconds, if it lasts for more than a turn. */
const MAX_LAG_MS = 100;
/** So much rest in a sample, in milliseconds, shows that the loop has caught up with all that was there. */
const REST_MS = 1;
/** How long it may have no rest before anybody is refused, in milliseconds: a burst or a pause passes. */
const PATIENCE_MS = 100;
/**
 * What the batches under way may need of the processor, in milliseconds, where the loop has no rest. More of
 * them would wait for longer, and the memory that they keep takes time away from all.
 */
const MAX_NEED_MS = 120;
/** What a batch may be expected to wait, in milliseconds, behind those that wait for their turn. */
const MAX_WAIT_MS = 100;
/** What a batch has cost is forgotten in about so many milliseconds. */
const FADING_MS = 500;
/** So many batches tell what one costs. */
const TELLING = 4;
/** How long the longest lag is told, in milliseconds: for once to twice that. */
const TOLD_MS = 10_000;

/**
 * Whether the event loop can take one more batch. As long as it has some rest, all that come. Where it has
 * none, as many as it can serve soon, by what waits for its turn (`Turns`) and by what batches have cost of
 * late: so each waits for a short time, and the processor always has something to do. None while it lags,
 * told from a timer that comes late at two samples in a row: one pause, however long, is no overload.
 */
export class Pace {
  readonly #utilization: () => EventLoopUtilization;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  /** At the last sample, and whether it was as large at the one before. */
  #lagMs = 0;
  #lags = false;
  #longest = 0;
  #longestBefore = 0;
  #toldSince = performance.now();
  /** When the loop was last seen to have had some rest. */
  #restedAt = 0;
  /** Of late: how long it was busy, how much of that behind all others, and how many batches have ended. */
  #busyMs = 0;
  #behindMs = 0;
  #ended = 0;
  #sampledAt = 0;
  #before;
  #oldMs = 0;

  constructor(utilization: () => EventLoopUtilization = () => clock.eventLoopUtilization()) {
    this.#utilization = utilization;
    this.#before = utilization();
  }

  /** Looks from now on, until it is stopped. */
  start(): void {
    // What was before, such as the building of the app, is no work of batches.
    this.#restedAt = this.#sampledAt = performance.now();
    this.#before = this.#utilization();
    this.#oldMs = Turns.oldMs;
    this.#wait();
  }

  /** Whether one more batch may come while so many are under way. */
  allows(underWay: number): boolean {
    const now = performance.now();
    if (this.#lagMs > MAX_LAG_MS && (this.#lags || now - this.#dueAt > MAX_LAG_MS)) return false;
    if (now - this.#restedAt < PATIENCE_MS) return true;
    return Turns.expectedWaitMs() < MAX_WAIT_MS && underWay * this.#costMs < MAX_NEED_MS;
  }

  /** A batch has ended. */
  end(): void {
    this.#ended += 1;
  }

  /** The longest lag of the last ten to twenty seconds, in milliseconds. */
  get longestLagMs(): number {
    this.#forget();
    return Math.max(this.#longest, this.#longestBefore);
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What a batch has cost of late, in milliseconds; 0 while too few have told. */
  get #costMs(): number {
    if (this.#ended < TELLING) return 0;
    // A few that compute much keep nobody waiting: others go first.
    return (this.#busyMs - (Turns.areFew ? this.#behindMs : 0)) / this.#ended;
  }

  #wait(): void {
    this.#dueAt = performance.now() + SAMPLE_MS;
    this.#timer = setTimeout(() => void this.#sample(), SAMPLE_MS).unref();
  }

  async #sample(): Promise<void> {
    if (isLoopHeld()) await new Turns().next();
    if (!this.#timer) return;
    const now = performance.now();
    this.#forget();
    const before = this.#lagMs;
    this.#lagMs = now - this.#dueAt;
    this.#lags = before > MAX_LAG_MS;
    this.#longest = Math.max(this.#longest, this.#lagMs);
    const loop = this.#utilization();
    const { oldMs } = Turns;
    const left = Math.exp((this.#sampledAt - now) / FADING_MS);
    this.#busyMs = left * this.#busyMs + loop.active - this.#before.active;
    this.#behindMs = left * this.#behindMs + oldMs - this.#oldMs;
    this.#ended *= left;
    if (loop.idle - this.#before.idle >= REST_MS) this.#restedAt = now;
    this.#sampledAt = now;
    this.#before = loop;
    this.#oldMs = oldMs;
    this.#wait();
  }

  #forget(): void {
    const passed = performance.now() - this.#toldSince;
    if (passed < TOLD_MS) return;
    this.#longestBefore = passed < 2 * TOLD_MS ? this.#longest : 0;
    this.#longest = 0;
    this.#toldSince += passed - (passed % TOLD_MS);
  }
}
