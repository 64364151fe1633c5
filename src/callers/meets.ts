import { memberOf } from '../json/members.ts';

/** Claims whose text is a list of words (RFC 8693 §4.2; `scp` as some issuers write it). */
const WORDS = new Set(['scope', 'scp']);

/**
 * Whether claims have what is wanted of each: the same value, a list that holds it, or, of `scope` and `scp`,
 * a text that has it among its words.
 */
export function meets(claims: object, wanted: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([claim, value]) => {
    const said = memberOf(claims, claim);
    if (said === value) return true;
    if (WORDS.has(claim) && typeof said === 'string') return said.split(' ').includes(value as string);
    return Array.isArray(said) && said.includes(value);
  });
}
