import { LiquidError, type Token } from 'liquidjs';
import { choice } from '../../store/check-schema.ts';
import { TAGS } from './engine.ts';
import { pageFilters } from './filters.ts';

/** What goes on with a tag or closes it: where that one has a fault, these are left over. */
const GOES_ON = /^(?:end\w*|else|elsif|when)$/;

/** What LiquidJS says that quotes nothing of a template. */
const OWN_WORDS =
  /^(?:expected (?:"\|" before filter|":" after filter name|"=")|every line of an inline comment must start with a '#' character)$/;

/** Where a token stands: file, line and column. */
export function placeOf(token: Token, file: string): string {
  const [line, column] = token.getPosition();
  return `${token.file ?? file}:${line}:${column}`;
}

/**
 * An error of LiquidJS with its place, in words that quote nothing of the template but the names of its tags
 * and filters; others as they are.
 */
export function placed(error: unknown, file: string): string {
  if (!LiquidError.is(error)) return `${file}: ${wordsOf(error)}`;
  return `${placeOf(error.token, file)}: ${wordsOf(innermost(error))}`;
}

/** What LiquidJS has wrapped, as often as it has. */
function innermost(error: unknown): unknown {
  return LiquidError.is(error) && error.originalError ? innermost(error.originalError) : error;
}

/** Whether an error says no more than that the tag before it has one. */
export function isLeftOver(error: unknown): boolean {
  return GOES_ON.test(unknownTag(error) ?? '');
}

export function isTooDeep(error: unknown): boolean {
  const cause = innermost(error);
  return cause instanceof RangeError && textOf(cause).startsWith('Maximum call stack');
}

function unknownTag(error: unknown): string | undefined {
  return /^tag "([\w-]+)" not found/.exec(textOf(innermost(error)))?.[1];
}

function wordsOf(error: unknown): string {
  if (isTooDeep(error)) return 'is nested too deep';
  const words = textOf(error);
  if (words.endsWith(' not closed')) return 'what begins here is not closed';
  const tag = unknownTag(error);
  if (tag !== undefined)
    return GOES_ON.test(tag) ? `${tag} belongs to nothing here` : `there is no tag ${tag}; ${choice([...TAGS])}`;
  const [, filter] = /^undefined filter: ([\w-]+)$/.exec(words) ?? [];
  if (filter !== undefined) return `there is no filter ${filter}; ${choice(Object.keys(pageFilters))}`;
  return OWN_WORDS.test(words) ? words : (words.split(/["':{]/, 1)[0] as string).trim();
}

/** What an error says, without the place that LiquidJS adds. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/(?:, file:[^\n]*)?, line:\d+, col:\d+$/, '') : 'failed';
}
