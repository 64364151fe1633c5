import { untilLetIn } from '../../store/signals.ts';

/** Who has a place, or waits for one. */
interface Guest {
  /** The answer has come to it: it is told as soon as it is there. */
  demanded: boolean;
  /** It is told only once others are there, too: it cannot wait until one of them gives its place back. */
  pressing: boolean;
  /** Lets it in; undefined once it is. */
  enter: (() => void) | undefined;
}

/**
 * So many places, first come first served, but for two things: whoever the answer has come to goes first, and
 * one place is left to them alone, or an answer in order could wait for itself.
 */
export class Gate {
  readonly #places: number;
  readonly #ahead: number;
  readonly #inside = new Set<Guest>();
  readonly #waiting = new Set<Guest>();

  /** `ahead`: how many may be inside before the answer has come to them. */
  constructor(places: number, ahead = places - 1) {
    this.#places = places;
    this.#ahead = ahead;
  }

  /**
   * Resolves with what gives the place back. `demanded` resolves when the answer has come to it; with true,
   * it is let in at once.
   */
  async enter(demanded: Promise<boolean>, signal: AbortSignal): Promise<() => void> {
    const guest: Guest = { demanded: false, pressing: false, enter: undefined };
    const promote = (pressing: boolean): void => {
      guest.demanded = true;
      guest.pressing = pressing;
      this.#admit();
    };
    demanded.then(promote, () => {});
    // One that is demanded by now says so before it is looked at.
    await Promise.resolve();
    await this.#turn(guest, signal);
    return () => {
      if (this.#inside.delete(guest)) this.#admit();
    };
  }

  #admit(): void {
    for (;;) {
      const next = this.#next();
      if (!next) return;
      this.#waiting.delete(next);
      this.#inside.add(next);
      next.enter?.();
    }
  }

  #next(): Guest | undefined {
    const pressing = first(this.#waiting, (guest) => guest.pressing);
    if (pressing) return pressing;
    if (this.#inside.size >= this.#places) return undefined;
    const demanded = first(this.#waiting, (guest) => guest.demanded);
    if (demanded) return demanded;
    const ahead = [...this.#inside].filter((guest) => !guest.demanded).length;
    return ahead < this.#ahead ? first(this.#waiting, () => true) : undefined;
  }

  #turn(guest: Guest, signal: AbortSignal): Promise<void> {
    return untilLetIn(signal, (enter) => {
      guest.enter = () => {
        guest.enter = undefined;
        enter();
      };
      this.#waiting.add(guest);
      this.#admit();
      return () => this.#waiting.delete(guest);
    });
  }
}

function first(guests: ReadonlySet<Guest>, holds: (guest: Guest) => boolean): Guest | undefined {
  for (const guest of guests) if (holds(guest)) return guest;
  return undefined;
}
