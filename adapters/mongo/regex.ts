import { toText } from '../../src/json/leaf.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import { readLiteral } from './data.ts';
import { isHole, type Walk } from './walk.ts';

/** The most characters that are filled in: of a pattern MongoDB takes no more, and all is escaped at once. */
const MOST_CHARS = 32_764;

/**
 * Escapes a text for PCRE2, which takes any character but a letter or digit literally after a backslash.
 * (`RegExp.escape` writes \u, which PCRE2 does not know.) White space is escaped too: the option x passes
 * over it.
 */
export function escapePcre(text: string): string {
  return text.replaceAll(/[!-/:-@[-`{-~\s\u0085\u200E\u200F]/g, String.raw`\$&`);
}

/**
 * Reads what stands under `$regex`: of a reference the filled-in parts are escaped, the literal parts of a
 * `$join` are not.
 */
export function readPattern(walk: Walk, value: unknown): unknown {
  if (!isHole(value)) {
    if (typeof value !== 'string')
      return typeof value === 'object' ? readLiteral(walk, value) : walk.fault('a string is allowed here');
    return value.includes('\0') ? walk.fault('a pattern may not hold the character NUL') : value;
  }
  if (!walk.mayHole()) return null;
  const parts =
    value instanceof Placeholder
      ? value.parts.map(planned)
      : (value.parts ?? [{ text: textOf(value), literal: false }]);
  const pattern: string[] = [];
  // What is written out since the last reference: what was filled in ends in no open escape.
  let tail = '';
  for (const { text, literal } of parts) {
    if (text === undefined)
      return walk.fault('what is filled in under $regex is a string, number, boolean, id or date');
    if (!literal && endsOpen(tail)) return walk.fault('a backslash may not stand right before a reference');
    if (!literal && text.length > MOST_CHARS)
      return walk.fault(`what is filled in under $regex has at most ${MOST_CHARS} characters`);
    tail = literal ? tail + text : '';
    pattern.push(literal ? text : escapePcre(text));
  }
  const whole = pattern.join('');
  if (whole.includes('\0')) return walk.fault('a pattern may not hold the character NUL');
  return value instanceof Placeholder ? value : whole;
}

function planned(part: string | Placeholder) {
  return typeof part === 'string' ? { text: part, literal: true } : { text: '', literal: false };
}

function textOf(value: Filled): string | undefined {
  return toText(value.value);
}

/**
 * True if a pattern ends in an open \ or \c, which would take the backslash that escapes what is filled in
 * for its own.
 */
function endsOpen(pattern: string): boolean {
  const end = pattern.endsWith('c') ? pattern.length - 1 : pattern.length;
  let start = end;
  while (pattern[start - 1] === '\\') start -= 1;
  return (end - start) % 2 === 1;
}
