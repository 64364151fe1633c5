import { RE2JS } from 're2js';

/** A pattern that is matched in linear time; undefined where it is none. */
export function patternOf(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

/** What JavaScript does not know, or reads otherwise: flags, classes with names, `]` first in a class. */
const OF_RE2 = /\(\?(?![:<])|\\p|\[:\^?\w+:\]|\[\^?\]/i;

/** What JavaScript takes for more or less than RE2 does, within a class and outside. */
const DIFFERENT: Readonly<Record<string, readonly [within: string, outside: string]>> = {
  '.': ['.', '[^\\n]'],
  '\\s': ['\\t\\n\\f\\r ', '[\\t\\n\\f\\r ]'],
  '\\S': ['\\S', '[^\\t\\n\\f\\r ]'],
};

/**
 * A pattern as JSON Schema has it, whose patterns are those of JavaScript; undefined where codap knows none
 * that matches the same.
 */
export function patternOfJson(pattern: string): string | undefined {
  let isInClass = false;
  let isSame = !OF_RE2.test(pattern) && isOfJavaScript(pattern);
  const common = pattern.replaceAll(/\\.|[.[\]]/gs, (part) => {
    if (part === '[' || part === ']') isInClass = part === '[';
    // V8 finds \B within a pair of surrogates, too.
    if (part === '\\B' || (part === '\\S' && isInClass)) isSame = false;
    return DIFFERENT[part]?.[isInClass ? 0 : 1] ?? part;
  });
  return isSame ? common : undefined;
}

function isOfJavaScript(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').source !== '';
  } catch {
    return false;
  }
}
