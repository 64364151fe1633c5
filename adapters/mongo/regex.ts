import { toText } from '../../src/json/leaf.ts';
import { Filled, isHole, Placeholder, type Hole } from '../../src/store/placeholder.ts';
import { readLiteral } from './data.ts';
import { arePatternOptions, MOST_PATTERN } from './extended-json.ts';
import type { Walk } from './walk.ts';

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
      return typeof value === 'object' ? readLiteral(walk, value) : walk.other(value, 'a string');
    if (value.length > MOST_PATTERN)
      return walk.fault(`a pattern of at most ${MOST_PATTERN} characters is allowed here`);
    return value.includes('\0') ? walk.fault('a pattern may not hold the character NUL') : value;
  }
  return walk.mayHole() ? walk.filling(() => readParts(walk, value)) : null;
}

/** Reads what stands under `$options`, written out. */
export function readPatternOptions(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.noHole();
  const areRight = typeof value === 'string' && arePatternOptions(value);
  return areRight ? value : walk.fault('options of i, m, s, u and x, a string, are allowed here');
}

function readParts(walk: Walk, value: Hole): unknown {
  const parts = value instanceof Placeholder ? value.parts.flatMap(planned) : (value.parts ?? [bare(value)]);
  const pattern: string[] = [];
  let left = MOST_PATTERN;
  // What is written out since a text was filled in: behind that nothing is open.
  let tail = '';
  for (const { text, literal } of parts) {
    if (text === undefined)
      return walk.fault('what is filled in under $regex is a string, number, boolean, id or date');
    left -= text.length;
    if (left < 0) return walk.fault(`a pattern with what is filled in has at most ${MOST_PATTERN} characters`);
    if (literal) tail += text;
    else if (text !== '') {
      if (endsOpen(tail))
        return walk.fault(
          'a reference is allowed here where its text stands for itself: not behind an open \\, \\Q, {, (?, (* or [:',
        );
      walk.room.takeRead(text);
      tail = '';
    }
    pattern.push(literal ? text : escapePcre(text));
  }
  const whole = pattern.join('');
  if (whole.includes('\0')) return walk.fault('a pattern may not hold the character NUL');
  if (!whole.isWellFormed()) return walk.fault('a pattern may not have lone surrogates');
  return value instanceof Placeholder ? value : whole;
}

/** A piece of a pattern; its text is undefined where what is filled in has none. */
interface Piece {
  readonly text: string | undefined;
  readonly literal: boolean;
}

/** Any text will do for a reference while planning. */
function planned(part: string | Placeholder): Piece[] {
  if (typeof part === 'string') return [{ text: part, literal: true }];
  return part.parts.length > 0 ? part.parts.flatMap(planned) : [{ text: 'x', literal: false }];
}

function bare({ value }: Filled): Piece {
  return { text: toText(value), literal: false };
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
