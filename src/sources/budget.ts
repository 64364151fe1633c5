import { Recent, RECENT_MS } from './recent.ts';

/** How many further attempts there may be: so many for each call of the last ten seconds, and some beside. */
export class Budget {
  /** Whoever makes them counts them here. */
  readonly calls = new Recent();
  readonly #taken = new Recent();
  readonly #perCall: number;
  readonly #beside: number;

  constructor(perCall: number, perSecond = 0) {
    this.#perCall = perCall;
    this.#beside = (perSecond * RECENT_MS) / 1000;
  }

  /** Takes one, if with it there are no more than that: answers what to give back, else undefined. */
  take(): number | undefined {
    if (this.#taken.sum + 1 > this.#perCall * this.calls.sum + this.#beside) return undefined;
    return this.#taken.add();
  }

  /** What was taken came to no attempt at the store. */
  giveBack(taken: number): void {
    this.#taken.takeBack(taken);
  }
}
