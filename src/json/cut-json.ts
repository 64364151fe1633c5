import { isLoopHeld } from '../budget/turns.ts';
import type { Steps } from '../budget/work.ts';
import { inUtf8, type Piece } from './text.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COLON = 0x3a;

/** A list or an object of which members are missing. */
export interface Shortened {
  readonly path: readonly (string | number)[];
  /** Its members that are there, the last of which may be shortened itself. */
  readonly shown: number;
  readonly missing: number;
}

/** JSON that was cut. */
export interface CutJson {
  /** JSON; `null` where not even the beginning of the value fitted. */
  readonly text: string;
  /** Outermost first; none where the value is a single one that did not fit. */
  readonly shortened: readonly Shortened[];
  /** Whether the members that are missing were counted to the end. */
  readonly isCounted: boolean;
}

/** A list or object that is open. */
interface Level {
  readonly isObject: boolean;
  /** Where it begins, and where its current key does. */
  readonly start: number;
  keyStart: number;
  keyEnd: number;
  /** Its members so far, of which so many fit, up to there. */
  members: number;
  kept: number;
  keptEnd: number;
  /** Whether anything stands in it. */
  isEmpty: boolean;
}

/**
 * Cuts JSON that is longer than `most` bytes to whole members, without reading more of it than its outline:
 * of a list the first that fit, of an object the first keys and what fits of the next one's value. Counts
 * what is missing until an instant (`performance.now()` ms). The JSON was checked before.
 */
export function* cutJson(pieces: Iterable<Piece>, most: number, until: number): Steps<CutJson> {
  const outline = new Outline(most);
  let isCounted = true;
  for (const bytes of inUtf8(pieces)) {
    outline.read(bytes);
    if (isLoopHeld()) yield;
    if (outline.isCut && performance.now() >= until) {
      isCounted = false;
      break;
    }
  }
  return { ...outline.cut(), isCounted };
}

/** Reads JSON byte by byte, and notes where it may end. */
class Outline {
  readonly #most: number;
  readonly #kept: Buffer;
  readonly #levels: Level[] = [];
  #keptBytes = 0;
  #at = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Where the value ends, if only blanks made the text too long. */
  #end: number | undefined;
  /** Once it is known where the text is cut: how many levels are open there. */
  #open: number | undefined;
  /** How many of these are still open. */
  #stillOpen = Infinity;

  constructor(most: number) {
    this.#most = most;
    this.#kept = Buffer.allocUnsafe(most);
  }

  get isCut(): boolean {
    return this.#open !== undefined;
  }

  read(bytes: Buffer): void {
    this.#keptBytes += bytes.copy(this.#kept, this.#keptBytes);
    const from = this.#at;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#open === undefined && from + at >= this.#most) this.#decide();
      if (this.#inString) {
        at = this.#string(bytes, at, from);
        continue;
      }
      const byte = bytes[at] as number;
      if (byte === QUOTE) this.#quote(from + at);
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#enter(from + at, byte === OPEN_OBJECT);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#leave(from + at);
      else if (byte === COMMA) this.#member(from + at);
      else if (byte > 0x20 && byte !== COLON) this.#some();
    }
    this.#at = from + bytes.length;
  }

  cut(): Omit<CutJson, 'isCounted'> {
    if (this.#end !== undefined) return { text: this.#kept.toString('utf8', 0, this.#end), shortened: [] };
    const levels = this.#levels.slice(0, this.#open);
    const last = levels.at(-1);
    if (!last) return { text: 'null', shortened: [] };
    const end = last.kept > 0 ? last.keptEnd : last.start + 1;
    const closing = levels.map(({ isObject }) => (isObject ? '}' : ']')).toReversed();
    const path: (string | number)[] = [];
    const shortened: Shortened[] = [];
    for (const level of levels) {
      // What is between the last level and this one is shown, if only in part.
      const shown = level === last ? level.kept : level.kept + 1;
      // Of the last level one is missing even if nobody has come to its end, unless there is none.
      const missing = Math.max(level.members - shown, level === last && !level.isEmpty ? 1 : 0);
      if (missing > 0) shortened.push({ path: [...path], shown, missing });
      if (level !== last) path.push(level.isObject ? this.#keyOf(level) : level.kept);
    }
    return { text: this.#kept.toString('utf8', 0, end) + closing.join(''), shortened };
  }

  #keyOf({ keyStart, keyEnd }: Level): string {
    return keyEnd > this.#most ? '' : (JSON.parse(this.#kept.toString('utf8', keyStart, keyEnd)) as string);
  }

  /** The position of the last byte that it looked at. */
  #string(bytes: Buffer, start: number, from: number): number {
    if (this.#isEscaped) {
      this.#isEscaped = false;
      return start;
    }
    // Up to where the text may be cut nothing is passed over.
    const end = this.#open === undefined ? Math.min(bytes.length, this.#most - from) : bytes.length;
    let at = start;
    while (at < end && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
    if (at === end) return at - 1;
    if (bytes[at] === BACKSLASH) this.#isEscaped = true;
    else {
      this.#inString = false;
      const level = this.#level();
      if (level?.isObject && level.keyEnd < level.keyStart) level.keyEnd = from + at + 1;
    }
    return at;
  }

  #quote(at: number): void {
    this.#inString = true;
    const level = this.#level();
    if (!level) return;
    // The first string of a member is its key.
    if (level.isObject && level.keyStart < 0) level.keyStart = at;
    level.isEmpty = false;
  }

  #some(): void {
    const level = this.#level();
    if (level) level.isEmpty = false;
  }

  #enter(start: number, isObject: boolean): void {
    this.#some();
    this.#depth += 1;
    if (this.#open !== undefined) return;
    this.#levels.push({
      isObject,
      start,
      keyStart: -1,
      keyEnd: -2,
      members: 0,
      kept: 0,
      keptEnd: 0,
      isEmpty: true,
    });
  }

  #leave(at: number): void {
    if (!this.#level()?.isEmpty) this.#member(at);
    this.#depth -= 1;
    if (this.#open !== undefined) {
      this.#stillOpen = Math.min(this.#stillOpen, this.#depth);
      return;
    }
    this.#levels.pop();
    if (this.#depth === 0) this.#end = at + 1;
  }

  /** A member of the innermost level ends. */
  #member(end: number): void {
    const level = this.#level();
    if (!level) return;
    level.members += 1;
    if (this.#open !== undefined) return;
    level.keyStart = -1;
    level.keyEnd = -2;
    if (end + this.#depth > this.#most) return;
    level.kept = level.members;
    level.keptEnd = end;
  }

  /** The innermost level; once the text is cut, undefined for one that is not told of. */
  #level(): Level | undefined {
    return this.#depth <= this.#stillOpen ? this.#levels[this.#depth - 1] : undefined;
  }

  /** The text is longer than it may be: what ends by here is kept. */
  #decide(): void {
    if (this.#end !== undefined) return;
    let open = 0;
    for (const [at, { isObject, start }] of this.#levels.entries()) {
      if (start + 1 + at + 1 > this.#most) break;
      open = at + 1;
      // Half of a list's member would be taken for the whole.
      if (!isObject && (this.#levels[at] as Level).kept > 0) break;
    }
    this.#open = open;
    this.#stillOpen = open;
  }
}
