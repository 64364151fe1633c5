import { CodapError } from '../errors.ts';
import type { WhenInVain } from '../store/signals.ts';
import { Recent } from './recent.ts';

/** The longest pause between two probes, unless the first one is longer, in milliseconds. */
const LONGEST_MS = 30_000;

/** When a circuit opens, and for how long. */
export interface CircuitOptions {
  /** The source's name. */
  readonly name: string;
  /** The share of attempts that have to fail, above 0 and up to 1. */
  readonly ratio: number;
  /** How many attempts there have to be of late. */
  readonly calls: number;
  /** Milliseconds until the first probe. */
  readonly openMs: number;
  /** Milliseconds that the store has for an attempt. */
  readonly wholeMs: number;
}

/** Hears that a circuit has opened, by which failure, or closed. */
export type OnChange = (failure: CodapError | undefined) => void;

/**
 * Whether a store is asked. Closed, it counts how the attempts of the last ten seconds ended, and opens at a
 * failure when too many failed: where one is answered the store may be well again. Open, it lets one call at
 * a time through, a probe, after a pause that doubles with each that fails; the first one that is answered
 * closes it, with all counts at zero.
 */
export class Circuit {
  readonly options: CircuitOptions;
  /** Whether it is open; it still is while a probe is under way. */
  isOpen = false;
  /** How often it has opened or closed: what began in an earlier era tells nothing in this one. */
  era = 0;
  readonly #onChange: OnChange;
  readonly #attempts = new Recent();
  readonly #failures = new Recent();
  /** Those who wait for their turn to ask the store: each hears when it is shut, and for how long. */
  readonly #waiting = new Set<(refusal: CodapError) => void>();
  #pauseMs = 0;
  /**
   * Instants: from when on a call is a probe, and by when the one under way has ended, which is not known
   * before the store is asked: Infinity.
   */
  #probeFrom = 0;
  #probeBy: number | undefined;

  constructor(options: CircuitOptions, onChange: OnChange = () => {}) {
    this.options = options;
    this.#onChange = onChange;
  }

  /** Whether a call of an open circuit is the probe. Whoever makes that call says when it has ended. */
  beginProbe(): boolean {
    if (this.#probeBy !== undefined || performance.now() < this.#probeFrom) return false;
    this.#probeBy = Infinity;
    return true;
  }

  /** The probe has waited for its turn, and the store is asked now. */
  asksProbe(): void {
    this.#probeBy = performance.now() + this.options.wholeMs;
  }

  /** The probe has ended. If it told nothing, the next call is one. */
  endProbe(): void {
    this.#probeBy = undefined;
  }

  /** What a call that is not let through fails with. */
  refusal(): CodapError {
    const { name, wholeMs } = this.options;
    const now = performance.now();
    const shutUntil = this.#probeBy === undefined ? this.#probeFrom : Math.min(this.#probeBy, now + wholeMs);
    return new CodapError('CIRCUIT_OPEN', 'the store fails too often to be asked now', {
      source: name,
      retryAfterMs: Math.max(1, Math.ceil(shutUntil - now)),
      rejected: true,
    });
  }

  /** Turns whoever waits for their turn away as it opens, at once if it is open. */
  readonly whenOpens: WhenInVain = this.#whenShut(() => true);

  /** The same for who would ask at that instant: as soon as the next probe is to go later than that. */
  whenShutAt(instant: number): WhenInVain {
    return this.#whenShut(() => instant < this.#probeFrom);
  }

  /** Whoever waits on, since it is not in vain so far, is asked again each time that the pause is another. */
  #whenShut(isInVain: () => boolean): WhenInVain {
    return (refuse) => {
      if (this.isOpen && isInVain()) {
        refuse(this.refusal());
        return () => {};
      }
      const hear = (refusal: CodapError): void => {
        if (isInVain()) refuse(refusal);
      };
      this.#waiting.add(hear);
      return () => this.#waiting.delete(hear);
    };
  }

  /** The store has answered an attempt that began in this era. */
  answered(era: number): void {
    if (era !== this.era) return;
    if (this.isOpen) this.#change(undefined);
    else this.#attempts.add();
  }

  /** The store has failed an attempt that began in this era. */
  failed(era: number, failure: CodapError): void {
    if (era !== this.era) return;
    const { ratio, calls, openMs } = this.options;
    if (this.isOpen) {
      this.#pause(Math.min(2 * this.#pauseMs, Math.max(openMs, LONGEST_MS)));
      return this.#turnAway();
    }
    this.#attempts.add();
    this.#failures.add();
    const attempts = this.#attempts.sum;
    if (attempts < calls || this.#failures.sum < ratio * attempts) return;
    this.#pause(openMs);
    this.#change(failure);
  }

  #pause(milliseconds: number): void {
    this.#pauseMs = milliseconds;
    this.#probeFrom = performance.now() + milliseconds;
  }

  #change(failure: CodapError | undefined): void {
    this.isOpen = failure !== undefined;
    this.era += 1;
    this.#attempts.clear();
    this.#failures.clear();
    this.#onChange(failure);
    if (failure) this.#turnAway();
  }

  #turnAway(): void {
    const refusal = this.refusal();
    for (const hear of this.#waiting) hear(refusal);
  }
}
