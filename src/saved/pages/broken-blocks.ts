import { type Token, TypeGuards } from 'liquidjs';
import { BLOCKS, TAGS } from './engine.ts';

/** What goes on with a block. */
export const GOES_ON: ReadonlySet<string> = new Set(['else', 'elsif', 'when']);

/** The tag whose block a tag of this name ends, if it does. */
export function endedBy(name: string): string | undefined {
  return name.startsWith('end') ? name.slice('end'.length) : undefined;
}

/** The blocks that a fault has broken, until their ends; their other tags, left over, are no faults. */
export class BrokenBlocks {
  /** The names of their tags, the innermost last. */
  readonly #open: string[] = [];

  get areOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether they have left this over, which is no fault then. */
  hasLeft(token: Token): boolean {
    if (!TypeGuards.isTagToken(token)) return false;
    const { name } = token;
    const ended = endedBy(name);
    const open = this.#open;
    if (open.at(-1) === 'comment' && ended !== 'comment') return true;
    if (GOES_ON.has(name)) return this.areOpen;
    if (ended === undefined) return false;
    let at = open.lastIndexOf(ended);
    // An unknown tag may be the misspelt beginning of what ends here.
    if (at < 0 && BLOCKS.has(ended)) at = open.findLastIndex((one) => !TAGS.has(one));
    if (at < 0) return false;
    open.length = at;
    return true;
  }

  /** Takes what was lost with a fault, one token after the other. */
  add(token: Token): void {
    if (this.hasLeft(token) || !TypeGuards.isTagToken(token)) return;
    const { name } = token;
    if (BLOCKS.has(name) || (!TAGS.has(name) && !GOES_ON.has(name) && endedBy(name) === undefined))
      this.#open.push(name);
  }
}
