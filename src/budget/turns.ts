import { abortReason } from '../errors.ts';

/** Milliseconds of work in one turn of the event loop, after which others have theirs. */
const HELD_MS = 5;

let began: number | undefined;

/**
 * Whether work that takes a while has held the event loop for some milliseconds: more of it waits for its
 * turn (`Turns`).
 */
export function isLoopHeld(): boolean {
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

/** A line that has had less time than this, in milliseconds, is young: it is served like one that begins. */
const YOUNG_MS = 15;

/** So many lines are few. */
const FEW = 16;

/** So many lines tell what the next will need; where twice as many have, half of that is forgotten. */
const TELLING = 100;

/** What lines have had while they were young, in milliseconds, and how many lines that was. */
let youngMs = 0;
let youngLines = 0;
/** What lines have had that were not young any more, in milliseconds, in all. */
let oldMs = 0;

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
  /** Those who wait, each by what lets it in. */
  readonly #waiting: (() => void)[] = [];
  /** What counts against others, and what it has had in all. */
  #hadMs = 0;
  #usedMs = 0;

  /**
   * Resolves when it is its turn, or rejects if nobody waits for this work any more. The work begins right
   * after, nothing awaited in between.
   */
  next(work?: { readonly ended: AbortSignal | undefined }): Promise<void> {
    const turn = new Promise<void>((resolve, reject) =>
      this.#waiting.push(() => (work?.ended?.aborted ? reject(abortReason(work.ended)) : resolve())),
    );
    if (this.#waiting.length === 1) {
      this.#hadMs = Math.max(this.#hadMs, servedMs - AHEAD_MS);
      lines.push(this);
    }
    if (!serving) serve();
    return turn;
  }

  /** Whether so few wait that a new line, whatever they need, waits for a short time only. */
  static get areFew(): boolean {
    return lines.length <= FEW;
  }

  /**
   * How long a line that begins would wait in all, in milliseconds, if those that are as young need what
   * others have needed of late; 0 where few wait.
   */
  static expectedWaitMs(): number {
    if (Turns.areFew) return 0;
    let young = 0;
    for (const line of lines) if (line.#usedMs < YOUNG_MS) young += 1;
    return (young * youngMs) / Math.max(1, youngLines);
  }

  /**
   * What lines have had by now after their first milliseconds, in all, in milliseconds: others are served
   * before them.
   */
  static get oldMs(): number {
    return oldMs;
  }

  /** Adds the time of whoever was let in last to that of their line. */
  static count(): void {
    if (current) current.line.#add(performance.now() - current.since);
    current = undefined;
  }

  #add(ms: number): void {
    if (this.#usedMs === 0) youngLines += 1;
    youngMs += Math.min(ms, Math.max(0, YOUNG_MS - this.#usedMs));
    this.#hadMs += ms;
    this.#usedMs += ms;
    // A line that has its share begins later, or those that begin would be served before all others for ever.
    servedMs += ms / Math.max(1, lines.length);
    oldMs += Math.min(ms, Math.max(0, this.#usedMs - YOUNG_MS));
    if (youngLines < 2 * TELLING) return;
    youngMs /= 2;
    youngLines /= 2;
  }

  /** Lets in the first who waits in the line whose turn it is; false if nobody does. */
  static admit(): boolean {
    let [first] = lines;
    if (!first) return false;
    for (const line of lines) if (line.#hadMs < first.#hadMs) first = line;
    servedMs = Math.max(servedMs, first.#hadMs);
    current = { line: first, since: performance.now() };
    const enter = first.#waiting.shift() as () => void;
    // The others keep their order: of two that have had as much, the one goes first that came first.
    if (first.#waiting.length === 0) lines.splice(lines.indexOf(first), 1);
    enter();
    return true;
  }
}

/** Lets one after the other in. Whoever was let in does its work before this goes on. */
function serve(): void {
  serving = true;
  Turns.count();
  if (isLoopHeld()) setImmediate(serve);
  else if (Turns.admit()) queueMicrotask(serve);
  else serving = false;
}
