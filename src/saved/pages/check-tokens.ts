import { type Liquid, LiquidError, type TagToken, type Token, TypeGuards } from 'liquidjs';
import { MOST_FAULTS } from '../../json/fault-list.ts';
import { endedBy, GOES_ON } from './broken-blocks.ts';
import { BLOCKS, TAGS } from './engine.ts';
import { readTag } from './tag-grammar.ts';
import { Misread, TagReader } from './tag-reader.ts';

/** A block that is open. */
interface Open {
  readonly tag: string;
  hasElse?: boolean;
}

/**
 * Finds what LiquidJS would pass over in the tags and outputs of a file, and in those within `liquid`. It
 * must not have parsed them yet.
 */
export function checkTokens(tokens: readonly Token[], liquid: Liquid): readonly Misread[] {
  const found: Misread[] = [];
  const open: Open[] = [];
  for (const token of tokens) {
    if (found.length >= MOST_FAULTS) break;
    const { tag } = open.at(-1) ?? {};
    const isText = tag === 'comment' || tag === 'raw';
    if (isText && !(TypeGuards.isTagToken(token) && token.name === `end${tag}`)) continue;
    try {
      if (TypeGuards.isOutputToken(token)) readerOf(token, token.contentRange, liquid).filtered();
      else if (TypeGuards.isTagToken(token)) found.push(...checkTag(token, open, liquid));
    } catch (error) {
      if (error instanceof Misread) found.push(error);
      else if (error instanceof RangeError) found.push(new Misread('is nested too deep', token.begin));
      // What LiquidJS throws, it throws again as it parses.
      else if (!LiquidError.is(error)) throw error;
    }
  }
  return found;
}

/** Checks a tag, where it stands in its block, and those within it. Throws Misread. */
function checkTag(token: TagToken, open: Open[], liquid: Liquid): readonly Misread[] {
  const { name } = token;
  const isAfterElse = follow(name, open);
  if (isAfterElse) throw new Misread(`${name} is expected before else`, token.begin);
  const reader = readerOf(token, [token.tokenizer.p, token.contentRange[1]], liquid);
  if (name === 'liquid') return checkTokens(reader.readLiquidTagTokens(liquid.options), liquid);
  const ended = endedBy(name);
  if (TAGS.has(name) || GOES_ON.has(name) || (ended !== undefined && BLOCKS.has(ended))) readTag(name, reader);
  return [];
}

/** Opens, goes on with or ends a block: whether its `else`, its last part, has been before this one. */
function follow(name: string, open: Open[]): boolean {
  const ended = endedBy(name);
  const block = open.at(-1);
  if (ended !== undefined) {
    const at = open.findLastIndex(({ tag }) => tag === ended);
    if (at >= 0) open.length = at;
  } else if (!GOES_ON.has(name)) {
    // An unknown tag may be the misspelt beginning of a block.
    if (BLOCKS.has(name) || !TAGS.has(name)) open.push({ tag: name });
  } else if (block?.hasElse) return true;
  else if (block && name === 'else') block.hasElse = true;
  return false;
}

function readerOf({ input, file }: Token, range: [number, number], { options }: Liquid): TagReader {
  return new TagReader(input, options.operators, file, range);
}
