import { toText } from '../../src/json/leaf.ts';
import { entriesOf, firstKeyOf } from '../../src/json/members.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';
import { HEADER_VALUE } from './options.ts';

/** White space where it would not arrive (RFC 9110 §5.5). */
const BLANK_END = /^[\t ]|[\t ]$/;

/**
 * The headers a query sets, by lower-case name and in the order of these: allowed, and able to be headers.
 */
export function restHeaders(
  headers: object,
  allowed: readonly string[],
  fault: Fault,
): Record<string, string | Placeholder> {
  if (firstKeyOf(headers) === undefined) return {};
  const found = new Map<string, string | Placeholder>();
  for (const [key, value] of entriesOf(headers)) {
    const name = key.toLowerCase();
    const text = value instanceof Placeholder ? '' : toText(value instanceof Filled ? value.value : value);
    if (!allowed.includes(name)) fault(['headers', key], `a query may set: ${allowed.join(', ') || 'no header'}`);
    else if (found.has(name)) fault(['headers', key], 'a header is named once, in whatever case');
    else if (text === undefined || !HEADER_VALUE.test(text) || BLANK_END.test(text))
      fault(['headers', key], 'one line of Latin-1 text without white space at its ends is allowed here');
    else found.set(name, value instanceof Placeholder ? value : text);
  }
  return Object.fromEntries(found.size > 1 ? [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)) : found);
}
