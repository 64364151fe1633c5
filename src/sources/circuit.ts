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
  /** Those who wait for their turn to ask the store. */
  readonly #waiting = new Set<(refusal: CodapError) => void>();
  #pauseMs = 0;
  /** Instants: from when on a call is a probe, and by when the one under way has ended. */
  #probeFrom = 0;
  #probeBy: number | undefined;

  constructor(options: CircuitOptions, onChange: OnChange = () => {}) {
    this.options = options;
    this.#onChange = onChange;
  }

  /** Whether a call of an open circuit is the probe. Whoever makes that call says when it has ended. */
  beginProbe(): boolean {
    const now = performance.now();
    if (this.#probeBy !== undefined || now < this.#probeFrom) return false;
    this.#probeBy = now + this.options.wholeMs;
    return true;
  }

  /** The probe has ended. If it told nothing, the next call is one. */
  endProbe(): void {
    this.#probeBy = undefined;
  }

  /** What a call that is not let through fails with. */
  refusal(): CodapError {
    return new CodapError('CIRCUIT_OPEN', 'the store fails too often to be asked now', {
      source: this.options.name,
      retryAfterMs: Math.max(1, Math.ceil((this.#probeBy ?? this.#probeFrom) - performance.now())),
      rejected: true,
    });
  }

  /** Turns whoever waits for their turn away as it opens, at once if it is open. */
  readonly whenOpens: WhenInVain = (refuse) => {
    if (this.isOpen) {
      refuse(this.refusal());
      return () => {};
    }
    this.#waiting.add(refuse);
    return () => this.#waiting.delete(refuse);
  };

  /** The same for who would ask at that instant: not where that may be the probe. */
  whenShutAt(instant: number): WhenInVain {
    return (refuse) =>
      this.whenOpens((refusal) => {
        if (instant < this.#probeFrom) refuse(refusal);
      });
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
    if (this.isOpen) return this.#pause(Math.min(2 * this.#pauseMs, Math.max(openMs, LONGEST_MS)));
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
    if (!failure) return;
    const refusal = this.refusal();
    for (const refuse of this.#waiting) refuse(refusal);
  }
}
