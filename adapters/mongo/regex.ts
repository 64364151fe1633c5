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
function escapePcre(text: string): string {
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
  // What is written out since the last reference: behind what was filled in nothing is open.
  let tail = '';
  for (const { text, literal } of parts) {
    if (text === undefined)
      return walk.fault('what is filled in under $regex is a string, number, boolean, id or date');
    if (!literal && endsOpen(tail))
      return walk.fault(
        'a reference is allowed here where its text stands for itself: not behind an open \\, \\Q, {, (?, (* or [:',
      );
    if (!literal && text.length > MOST_CHARS)
      return walk.fault(`what is filled in under $regex has at most ${MOST_CHARS} characters`);
    tail = literal ? tail + text : '';
    pattern.push(literal ? text : escapePcre(text));
  }
  const whole = pattern.join('');
  if (whole.includes('\0')) return walk.fault('a pattern may not hold the character NUL');
  if (!whole.isWellFormed()) return walk.fault('a pattern may not have lone surrogates');
  return value instanceof Placeholder ? value : whole;
}

function planned(part: string | Placeholder) {
  return typeof part === 'string' ? { text: part, literal: true } : { text: '', literal: false };
}

function textOf(value: Filled): string | undefined {
  return toText(value.value);
}

/** Characters at the end of a pattern that tell whether something is open there. */
const TELLING = 256;

/** Escapes that are whole: what follows them stands for itself. */
const WHOLE = /\\(?:Q[^]*?\\E|c[^]|[^\w])/g;

/** What would take the next characters, escaped or not, for a part of itself (pcre2pattern(3)). */
const OPEN = [
  /\\(?:[copPgk]|\d+|x[\da-fA-F]?|g[+-]?\d*|[xopPNgk][{<'][^}>']*)?$/,
  // The head of a group, and a verb.
  /\(\?(?:P?'\w*|P[=>]\w*|[^:=!>|)']*)$/,
  /\(\*[^)]*$/,
  // A number of times, and the name of a class.
  /\{[\d,\s]*$/,
  /\[[:.=]\^?\w*$/,
];

/** Whether the end of a pattern is inside of something that makes more of what follows than what it is. */
function endsOpen(pattern: string): boolean {
  const quoted = pattern.slice(pattern.lastIndexOf(String.raw`\E`) + 1);
  if (/(?<!\\)(?:\\\\)*\\Q/.test(quoted)) return true;
  let from = Math.max(0, pattern.length - TELLING);
  while (pattern[from - 1] === '\\') from -= 1;
  const end = pattern.slice(from).replaceAll(WHOLE, '.');
  return OPEN.some((one) => one.test(end));
}
