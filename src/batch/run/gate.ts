import { untilLetIn } from '../../store/signals.ts';

/**
 * The answer has not come to a guest; it has, and it is told as soon as it is there; or it is told only once
 * others are there, too, and cannot wait until one of them gives its place back.
 */
type Standing = 'ahead' | 'demanded' | 'pressing';

/** Who waits for a place, has one, or wants none any more. */
interface Guest {
  standing: Standing;
  is: 'waiting' | 'inside' | 'gone';
  /** Lets it in. */
  enter: () => void;
}

/**
 * So many places, first come first served, but for two things: whoever the answer has come to goes first, and
 * one place is left to them alone, or an answer in order could wait for itself.
 */
export class Gate {
  readonly #places: number;
  readonly #ahead: number;
  /** How many are inside, by their standing. */
  readonly #inside: Record<Standing, number> = { ahead: 0, demanded: 0, pressing: 0 };
  /** Those who wait, by theirs: of many thousands the next one is not looked for among all. */
  readonly #waiting: Record<Standing, Set<Guest>> = { ahead: new Set(), demanded: new Set(), pressing: new Set() };

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
    const guest: Guest = { standing: 'ahead', is: 'waiting', enter: () => {} };
    demanded.then(
      (pressing) => this.#promote(guest, pressing ? 'pressing' : 'demanded'),
      () => {},
    );
    // One that is demanded by now says so before it is looked at.
    await Promise.resolve();
    await untilLetIn(signal, (enter) => {
      guest.enter = enter;
      this.#waiting[guest.standing].add(guest);
      this.#admit();
      return () => this.#goes(guest);
    });
    return () => this.#goes(guest);
  }

  #promote(guest: Guest, standing: Standing): void {
    const { standing: before, is } = guest;
    guest.standing = standing;
    if (is === 'inside') {
      this.#inside[before] -= 1;
      this.#inside[standing] += 1;
    } else if (this.#waiting[before].delete(guest)) this.#waiting[standing].add(guest);
    this.#admit();
  }

  #goes(guest: Guest): void {
    if (guest.is === 'inside') this.#inside[guest.standing] -= 1;
    else this.#waiting[guest.standing].delete(guest);
    guest.is = 'gone';
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting[next.standing].delete(next);
      this.#inside[next.standing] += 1;
      next.is = 'inside';
      next.enter();
    }
  }

  #next(): Guest | undefined {
    const { ahead, demanded, pressing } = this.#waiting;
    if (pressing.size > 0) return first(pressing);
    const { ahead: insideAhead, demanded: insideDemanded, pressing: insidePressing } = this.#inside;
    if (insideAhead + insideDemanded + insidePressing >= this.#places) return undefined;
    return first(demanded) ?? (insideAhead < this.#ahead ? first(ahead) : undefined);
  }
}

function first(guests: ReadonlySet<Guest>): Guest | undefined {
  return guests.values().next().value;
}
