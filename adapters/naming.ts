/** Different names in one place beyond which they are data, however often each occurs. */
export const MOST_NAMES = 200;
/** The same where each occurs seldom. */
const FEW_NAMES = 20;
/** Characters of a name. */
const MOST_CHARS = 64;

/**
 * An address, a number such as a telephone's, an id or hash, or what cannot be read. A calendar date passes.
 */
const DATA = /@|\d{6}|[\da-f]{12}|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/iu;

/** Whether a key or folder looks like a name that somebody gave, not like a piece of data. */
export function isName(text: string): boolean {
  return text.length <= MOST_CHARS && !DATA.test(text);
}

/**
 * Whether what stands in one place is told apart by data rather than by names: more than 200 different ones,
 * or more than 20 of which the average one occurs in fewer than a twentieth of the `holders`.
 */
export function isVaried(names: number, occurrences: number, holders: number): boolean {
  return names > MOST_NAMES || (names > FEW_NAMES && occurrences * FEW_NAMES < names * holders);
}
