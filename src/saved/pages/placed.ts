import { LiquidError, type Token } from 'liquidjs';

/** What LiquidJS says that quotes nothing of a template. */
const OWN_WORDS =
  /^(?:expected (?:"\|" before filter|":" after filter name|"=")|every line of an inline comment must start with a '#' character)$/;

/** Where a token stands: file, line and column. */
export function placeOf(token: Token, file: string): string {
  const [line, column] = token.getPosition();
  return `${token.file ?? file}:${line}:${column}`;
}

/** An error of LiquidJS with its place, in words that quote nothing of the template; others as they are. */
export function placed(error: unknown, file: string): string {
  if (!LiquidError.is(error)) return `${file}: ${wordsOf(error)}`;
  return `${placeOf(error.token, file)}: ${wordsOf(error.originalError ?? error)}`;
}

function wordsOf(error: unknown): string {
  if (LiquidError.is(error) && error.originalError) return wordsOf(error.originalError);
  if (error instanceof RangeError && error.message.startsWith('Maximum call stack')) return 'is nested too deep';
  const words = error instanceof Error ? error.message.replace(/(?:, file:[^\n]*)?, line:\d+, col:\d+$/, '') : 'failed';
  if (words.endsWith(' not closed')) return 'what begins here is not closed';
  if (words.startsWith('tag "')) return 'there is no tag of this name';
  if (words.startsWith('undefined filter')) return 'there is no filter of this name';
  return OWN_WORDS.test(words) ? words : (words.split(/["':{]/, 1)[0] as string).trim();
}
