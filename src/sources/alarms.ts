/** Somebody who is told when their time has come. */
interface Sleeper {
  onTime(): void;
}

/**
 * Alarms, one for all who have until the same millisecond. A batch's queries have until the same instant, and
 * nearly all are done before: a timer for each would cost more than the rest of keeping its time.
 */
export class Alarms {
  readonly #alarms = new Map<number, Alarm>();

  /** The one of an instant, or of within a millisecond after it. Instants are `performance.now()` ms. */
  at(instant: number, now: number): Alarm {
    const at = Math.ceil(instant);
    let alarm = this.#alarms.get(at);
    if (!alarm) this.#alarms.set(at, (alarm = new Alarm(at - now, () => this.#alarms.delete(at))));
    return alarm;
  }
}

/** Tells all who are in it, once, unless they have left before. */
export class Alarm {
  readonly #sleepers = new Set<Sleeper>();
  readonly #timer: NodeJS.Timeout;
  readonly #over: () => void;
  #isRinging = false;

  /** Rings after so many milliseconds. `over` hears that it rings, or that nobody is left. */
  constructor(ms: number, over: () => void) {
    this.#over = over;
    this.#timer = setTimeout(() => this.#ring(), ms);
  }

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
  }

  delete(sleeper: Sleeper): void {
    if (!this.#sleepers.delete(sleeper) || this.#sleepers.size > 0 || this.#isRinging) return;
    clearTimeout(this.#timer);
    this.#over();
  }

  #ring(): void {
    this.#isRinging = true;
    this.#over();
    for (const sleeper of this.#sleepers) sleeper.onTime();
  }
}
