/** Milliseconds of work in one turn of the event loop, after which others have theirs. */
const HELD_MS = 5;

let began: number | undefined;

/** Whether work that takes a while has held the event loop for some milliseconds: more of it waits for its turn (`Turns`). */
export function isHeld(): boolean {
  const now = performance.now();
  if (began !== undefined) return now - began >= HELD_MS;
  began = now;
  setImmediate(() => (began = undefined));
  return false;
}

/** Turns that a line which begins to wait is ahead of those that have waited: as many as a small batch needs. */
const AHEAD = 4;

/** Those in which somebody waits. */
const lines = new Set<Turns>();
/** How many turns the line has had that was served last. */
let served = 0;
let serving = false;

/**
 * A line of pieces of work that wait for their turn of the event loop, first come first served. Of several lines the one goes first
 * that has had the fewest turns since all of them wait; one that begins to wait is a few ahead. So a batch with much to compute waits
 * for itself, others hardly for it, and it for no more than a few turns of each of them, however many it has had.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #had = 0;

  /** Resolves when it is its turn. The work begins right after, nothing awaited in between. */
  next(): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!lines.has(this)) {
      this.#had = Math.max(this.#had, served - AHEAD);
      lines.add(this);
    }
    if (!serving) serve();
    return turn;
  }

  /** Lets in the first who waits in the line whose turn it is; false if nobody does. */
  static admit(): boolean {
    let first: Turns | undefined;
    for (const line of lines) if (!first || line.#had < first.#had) first = line;
    if (!first) return false;
    served = Math.max(served, first.#had);
    first.#had += 1;
    first.#waiting.shift()?.();
    if (first.#waiting.length === 0) lines.delete(first);
    return true;
  }
}

/** Lets one after the other in. Whoever was let in does its work before this goes on. */
function serve(): void {
  serving = true;
  if (isHeld()) setImmediate(serve);
  else if (Turns.admit()) queueMicrotask(serve);
  else serving = false;
}
