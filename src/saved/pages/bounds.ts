import type { Context, Emitter } from 'liquidjs';
import type { Memory } from '../../budget/memory.ts';
import type { Work } from '../../budget/work.ts';
import { Text } from '../../json/text.ts';

/** Characters, or members of a list, that a filter takes or makes at once: some milliseconds. */
export const AT_ONCE = 262_144;

/** Characters of a text times those of a part that it is searched for: as long. */
const SEARCHED = 64 * AT_ONCE;

/** Bytes of a character that is made. */
const CHARACTER = 2;

/** Bytes of a member of a list that is made: a list that grows has room for half as many more. */
const MEMBER = 12;

/** Thrown where a filter would take or make more at once. */
class TooMuch extends Error {
  constructor(what = `${AT_ONCE} characters or members`) {
    super(`more than ${what} at once`);
  }
}

/**
 * What the rendering of one page lets codap compute and hold. LiquidJS asks it as its own limiters, `use` for
 * what it makes.
 */
export class Bounds {
  readonly #work: Work;
  readonly #memory: Memory;
  #isDue = false;
  #opened = 0;
  /** What a filter that makes texts is called with: LiquidJS does not say what it makes. */
  readonly ofTexts = { context: { memoryLimit: { use: (count: number) => this.useCharacters(count) } } };

  /** What is made on the way counts in `memory`, until this is closed. */
  constructor(work: Work, memory: Memory) {
    this.#work = work;
    this.#memory = memory;
  }

  /** Throws TooMuch beyond what is done at once. */
  atOnce(count: number): void {
    if (count > AT_ONCE) throw new TooMuch();
    if (count > 0) this.tick(1 + (count >> 6));
  }

  /** The same before a text is searched for a part: each character may be compared with each of that. */
  search(text: string, part: string): void {
    this.atOnce(text.length + part.length);
    const compared = text.length * part.length;
    if (compared > SEARCHED) throw new TooMuch(`${SEARCHED} comparisons of characters`);
    this.tick(compared >> 12);
  }

  /** Counts members of a list that is made at once. */
  use(count: number): void {
    this.#make(count, MEMBER);
  }

  /** Counts characters that are made at once. */
  useCharacters(count: number): void {
    this.#make(count, CHARACTER);
  }

  /** Counts a text that is kept. */
  holdText(text: string): void {
    this.hold(CHARACTER * text.length);
  }

  /** Counts bytes that are kept. */
  hold(bytes: number): void {
    this.tick(1 + (bytes >> 6));
    this.#memory.hold(bytes);
  }

  /** Counts bytes that data takes which a text is opened as. */
  opens(bytes: number): void {
    // Throws where it is closed.
    this.#memory.hold(0);
    this.#work.opens(bytes);
    this.#opened += bytes;
  }

  /** Lets go of all that was made and opened on the way, for good. */
  close(): void {
    this.#memory.close();
    this.#work.drops(this.#opened);
  }

  #make(count: number, bytes: number): void {
    if (!(count > 0)) return;
    this.atOnce(count);
    this.#memory.hold(count * bytes);
  }

  /** Counts pieces of work that come next; true if others should have their turn before it. */
  tick(pieces = 1): boolean {
    this.#isDue = this.#work.tick(pieces) || this.#isDue;
    return this.#isDue;
  }

  /** True, once, if others should have their turn before more work. */
  isDue(): boolean {
    if (!this.#isDue) return false;
    this.#isDue = false;
    return true;
  }

  /** Asked by LiquidJS whether its time is over: `tick` throws where it is. */
  check(): void {}
}

/** The bounds that a page is rendered within. */
export function boundsOf(context: Context): Bounds {
  return context.memoryLimit as unknown as Bounds;
}

/** What a `capture`, a block or a layout takes up, to be put elsewhere. */
export class Captured implements Emitter {
  readonly #bounds: Bounds;
  buffer = '';

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Adds at the end. */
  write(text: string): void {
    this.#bounds.holdText(text);
    this.buffer += text;
  }
}

/** The page itself. Its bytes count as those of an answer do. */
export class Output implements Emitter {
  readonly #bounds: Bounds;
  readonly #memory: Memory;
  /** All that was written. */
  readonly text = new Text();
  readonly buffer = '';

  constructor(bounds: Bounds, memory: Memory) {
    this.#bounds = bounds;
    this.#memory = memory;
  }

  /** Adds at the end. */
  write(text: string): void {
    this.#bounds.tick(1 + (text.length >> 6));
    this.#memory.hold(Buffer.byteLength(text));
    this.text.add(text);
  }
}
