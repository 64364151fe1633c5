import { toText } from '../../src/json/leaf.ts';
import { Filled, Placeholder } from '../../src/placeholder.ts';
import { readLiteral } from './data.ts';
import { isHole, type Walk } from './walk.ts';

/**
 * Escapes a text for PCRE2, which takes any character but a letter or digit literally after a backslash. (`RegExp.escape` writes \u, which PCRE2
 * does not know.) White space is escaped too: the option x passes over it.
 */
export function escapePcre(text: string): string {
  return text.replaceAll(/[!-/:-@[-`{-~\s\u0085\u200E\u200F]/g, String.raw`\$&`);
}

// An open \ or \c would take the backslash that escapes what is filled in for its own.
const OPEN_ESCAPE = /(?<!\\)(\\\\)*\\c?$/;

/** Reads what stands under `$regex`: of a reference the filled-in parts are escaped, the literal parts of a `$join` are not. */
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
  let pattern = '';
  for (const { text, literal } of parts) {
    if (text === undefined)
      return walk.fault('what is filled in under $regex is a string, number, boolean, id or date');
    if (!literal && OPEN_ESCAPE.test(pattern)) return walk.fault('a backslash may not stand right before a reference');
    pattern += literal ? text : escapePcre(text);
  }
  return pattern.includes('\0') ? walk.fault('a pattern may not hold the character NUL') : pattern;
}

function planned(part: string | Placeholder) {
  return typeof part === 'string' ? { text: part, literal: true } : { text: '', literal: false };
}

function textOf(value: Filled): string | undefined {
  return toText(value.value);
}
