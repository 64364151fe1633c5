/** Milliseconds of work in one turn of the event loop, after which others have theirs. */
const HELD_MS = 5;

let began: number | undefined;

/**
 * Whether work that takes a while has held the event loop for some milliseconds: more of it waits for its
 * turn (`Turns`).
 */
export function isHeld(): boolean {
  const now = performance.now();
  if (began !== undefined) return now - began >= HELD_MS;
  began = now;
  setImmediate(() => (began = undefined));
  return false;
}

/**
 * Milliseconds by which a line that begins to wait is ahead of those that have waited: about what a small
 * batch needs.
 */
const AHEAD_MS = 20;

/**
 * Up to so much of its own time, in milliseconds, a line should hardly have waited: one that goes on for
 * longer waits for itself.
 */
const YOUNG_MS = 15;

/** So few lines, whatever each of them needs, keep a new one waiting for a short time only. */
const FEW = 16;

/** Who waits, and since when. */
interface Waiting {
  readonly enter: () => void;
  readonly since: number;
}

/**
 * The longest that a young line had waited when it was let in, in milliseconds, since that was last asked.
 */
let longestMs = 0;

/** The lines in which somebody waits. */
const lines: Turns[] = [];
/** The most time, in milliseconds, that any line had had when it was let in. */
let servedMs = 0;
/** The line whose work is being done, and since when. */
let current: { readonly line: Turns; readonly since: number } | undefined;
let serving = false;

/**
 * A line of pieces of work that wait for their turn of the event loop, first come first served. Of several
 * lines the one goes first that has had the least time since all of them wait; one that begins to wait is a
 * little ahead. So a batch with much to compute waits for itself, others hardly for it, and it for no more
 * than a little of each of them, however much it has had.
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  /** What counts against others, and what it has had and waited in all. */
  #hadMs = 0;
  #usedMs = 0;
  #waitedMs = 0;
  #letInAt = 0;

  /**
   * Resolves when it is its turn, or rejects if nobody waits for this work any more. The work begins right
   * after, nothing awaited in between.
   */
  next(work?: { readonly ended: AbortSignal | undefined }): Promise<void> {
    const since = performance.now();
    const turn = new Promise<void>((resolve, reject) =>
      this.#waiting.push({
        enter: () => (work?.ended?.aborted ? reject(work.ended.reason as Error) : resolve()),
        since,
      }),
    );
    if (this.#waiting.length === 1) {
      this.#hadMs = Math.max(this.#hadMs, servedMs - AHEAD_MS);
      lines.push(this);
    }
    if (!serving) serve();
    return turn;
  }

  /**
   * The longest that a line of little work has waited in all, in milliseconds, of those that wait and those
   * that were let in since this was last asked; 0 where few wait.
   */
  static longestWait(): number {
    const now = performance.now();
    let longest = longestMs;
    longestMs = 0;
    if (lines.length <= FEW) return 0;
    for (const line of lines) longest = Math.max(longest, line.#waitMs(now));
    return longest;
  }

  /** How long it has waited in all by an instant, whoever of it has; nothing once it has had much. */
  #waitMs(now: number): number {
    const [first] = this.#waiting;
    if (!first || this.#usedMs >= YOUNG_MS) return 0;
    return this.#waitedMs + now - Math.max(first.since, this.#letInAt);
  }

  /** Adds the time of whoever was let in last to that of their line. */
  static count(): void {
    if (current) {
      const ms = performance.now() - current.since;
      current.line.#hadMs += ms;
      current.line.#usedMs += ms;
    }
    current = undefined;
  }

  /** Lets in the first who waits in the line whose turn it is; false if nobody does. */
  static admit(): boolean {
    let [first] = lines;
    if (!first) return false;
    for (const line of lines) if (line.#hadMs < first.#hadMs) first = line;
    servedMs = Math.max(servedMs, first.#hadMs);
    current = { line: first, since: performance.now() };
    longestMs = Math.max(longestMs, first.#waitMs(current.since));
    const next = first.#waiting.shift() as Waiting;
    first.#waitedMs += current.since - Math.max(next.since, first.#letInAt);
    first.#letInAt = current.since;
    // The others keep their order: of two that have had as much, the one goes first that came first.
    if (first.#waiting.length === 0) lines.splice(lines.indexOf(first), 1);
    next.enter();
    return true;
  }
}

/** Lets one after the other in. Whoever was let in does its work before this goes on. */
function serve(): void {
  serving = true;
  Turns.count();
  if (isHeld()) setImmediate(serve);
  else if (Turns.admit()) queueMicrotask(serve);
  else serving = false;
}
