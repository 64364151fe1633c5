/** The patterns, by the last part of their paths. */
export const PATTERNS = ['kv', 'ordered', 'first-reply'] as const;

/** How a batch's answers come together. */
export type Pattern = (typeof PATTERNS)[number];

/** How each is called, and what it answers. */
export const PATTERN_NAMES: Readonly<Record<Pattern, { readonly name: string; readonly says: string }>> = {
  kv: { name: 'KV', says: 'keyed, like a dictionary' },
  ordered: { name: 'Ordered', says: 'a list in the order asked' },
  'first-reply': { name: 'FirstReply', says: 'a list in order of arrival' },
};

/** Whether a text names a pattern. */
export function isPattern(text: string): text is Pattern {
  return (PATTERNS as readonly string[]).includes(text);
}
