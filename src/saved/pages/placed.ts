import { LiquidError, type Token } from 'liquidjs';
import { MOST_FAULTS } from '../../json/fault-list.ts';
import { choice } from '../../store/choice.ts';
import { BLOCKS, TAGS } from './engine.ts';
import { endedBy, GOES_ON } from './broken-blocks.ts';
import { pageFilters } from './filters.ts';

/** A line and a column. */
export type Place = readonly [line: number, column: number];

/** What is wrong, in words that quote nothing of a template but the names of its tags and filters. */
interface Words {
  readonly detail: string;
  /** What there is instead. */
  readonly allowed?: string;
}

/** A fault of a file, where it has a place. */
export interface Fault extends Words {
  readonly at?: Place;
}

/** What LiquidJS says that quotes nothing of a template. */
const OWN_WORDS = "every line of an inline comment must start with a '#' character";

/** Where a token begins. */
export function placeOf(token: Token): Place {
  return placeIn(token.input, token.begin);
}

/** Where a position in the text of a file is. */
export function placeIn(text: string, position: number): Place {
  const lines = text.slice(0, position).split('\n');
  return [lines.length, lines.at(-1)!.length + 1];
}

/** The fault that an error of LiquidJS tells; `isWithin` says that blocks are open there. */
export function faultOf(error: unknown, isWithin = false): Fault {
  const words = wordsOf(innermost(error), isWithin);
  return LiquidError.is(error) ? { at: placeOf(error.token), ...words } : words;
}

/** A line for each of a file's faults by their places, 100 at most; what there is instead is told once. */
export function linesOf(faults: readonly Fault[], file: string): string[] {
  const told = new Set<string>();
  const sorted = faults.toSorted(({ at: [line, column] = START }, { at = START }) => line - at[0] || column - at[1]);
  return sorted.slice(0, MOST_FAULTS).map((fault) => {
    const { allowed } = fault;
    const isNew = allowed !== undefined && !told.has(allowed);
    if (isNew) told.add(allowed);
    return lineOf(fault, file, isNew ? `; ${allowed}` : '');
  });
}

const START: Place = [0, 0];

/** All that may stand where a tag may. */
const NAMES = [...TAGS, ...GOES_ON, ...[...BLOCKS].map((name) => `end${name}`)];

function lineOf({ at, detail }: Fault, file: string, allowed: string): string {
  return `${[file, ...(at ?? [])].join(':')}: ${detail}${allowed}`;
}

/** An error of LiquidJS in one line, with its place. */
export function placed(error: unknown, file: string): string {
  const [line] = linesOf([faultOf(error)], (LiquidError.is(error) && error.token.file) || file);
  return line as string;
}

/** What LiquidJS has wrapped, as often as it has. */
function innermost(error: unknown): unknown {
  return LiquidError.is(error) && error.originalError ? innermost(error.originalError) : error;
}

export function isTooDeep(error: unknown): boolean {
  const cause = innermost(error);
  return cause instanceof RangeError && textOf(cause).startsWith('Maximum call stack');
}

function wordsOf(error: unknown, isWithin: boolean): Words {
  if (isTooDeep(error)) return { detail: 'is nested too deep' };
  const words = textOf(error);
  if (words.endsWith(' not closed')) return { detail: 'what begins here is not closed' };
  const [, tag] = /^tag "([\w-]+)" not found/.exec(words) ?? [];
  if (tag !== undefined) return wordsOfTag(tag, isWithin);
  const [, filter] = /^undefined filter: ([\w-]+)$/.exec(words) ?? [];
  if (filter !== undefined)
    return { detail: `there is no filter ${filter}`, allowed: choice(Object.keys(pageFilters), Infinity) };
  return { detail: words === OWN_WORDS ? words : (words.split(/["':{]/, 1)[0] as string).trim() };
}

function wordsOfTag(tag: string, isWithin: boolean): Words {
  const isEnd = BLOCKS.has(endedBy(tag) ?? '');
  if (isEnd && isWithin) return { detail: `${tag} does not close what was begun last` };
  if (isEnd || GOES_ON.has(tag)) return { detail: `${tag} belongs to nothing here` };
  return { detail: `there is no tag ${tag}`, allowed: choice(NAMES) };
}

/** What an error says, without the place that LiquidJS adds. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/(?:, file:[^\n]*)?, line:\d+, col:\d+$/, '') : 'failed';
}
