import { untilLetIn, type WhenInVain } from '../store/signals.ts';

/** Somebody who waits, between the one before and the one after. */
class Place {
  before: Place = this;
  after: Place = this;
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;

  constructor(enter: () => void = () => {}, refuse: (error: Error) => void = () => {}) {
    this.enter = enter;
    this.refuse = refuse;
  }

  takeAfter(before: Place): void {
    this.before = before;
    this.after = before.after;
    this.after.before = this;
    before.after = this;
  }

  /** Points at no other any more, which would live on as long as this one. */
  leave(): void {
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this;
    this.after = this;
  }
}

/** Those who wait for their turn, first come first served. */
export class Line {
  /** Before the first and after the last. */
  readonly #ends = new Place();
  readonly #onLeave: () => void;
  #length = 0;

  /** `onLeave` hears that somebody has left who was not let in. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** Resolves when its turn comes. Rejects as the signal aborts, or with what it is turned away with. */
  wait(signal: AbortSignal, whenInVain?: WhenInVain): Promise<void> {
    const join = (enter: () => void, refuse: (error: Error) => void): (() => void) => {
      const place = new Place(enter, refuse);
      place.takeAfter(this.#ends.before);
      this.#length += 1;
      return () => {
        this.#remove(place);
        this.#onLeave();
      };
    };
    return untilLetIn(signal, join, whenInVain);
  }

  /** Lets the first one in, of those who wait. */
  letIn(): void {
    const first = this.#ends.after;
    this.#remove(first);
    first.enter();
  }

  /** Turns the last one away, of those who wait. */
  turnAway(error: Error): void {
    const last = this.#ends.before;
    this.#remove(last);
    last.refuse(error);
  }

  #remove(place: Place): void {
    place.leave();
    this.#length -= 1;
  }
}
