import { toText } from '../../src/json/leaf.ts';
import { entriesOf, firstKeyOf } from '../../src/json/members.ts';
import { Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';
import { allowedFor } from '../fillable.ts';
import { HEADER_VALUE } from './options.ts';

/** White space where it would not arrive (RFC 9110 §5.5). */
const BLANK_END = /^[\t ]|[\t ]$/;

/** Characters of a value, and of all names and values together: most servers take 16 KiB, or half of that. */
const MOST_CHARS = 8192;
const MOST_TOGETHER = 16_384;

/**
 * The headers a query sets, by lower-case name and in the order of these: allowed, and able to be headers.
 */
export function restHeaders(
  headers: object,
  allowed: readonly string[],
  fault: ReportFault,
): Record<string, string | Placeholder> {
  if (firstKeyOf(headers) === undefined) return {};
  const found = new Map<string, string | Placeholder>();
  let left = MOST_TOGETHER;
  for (const [key, value] of entriesOf(headers)) {
    const name = key.toLowerCase();
    const text = value instanceof Placeholder ? '' : toText(unwrapped(value));
    if (!allowed.includes(name)) fault(['headers', key], `a query may set: ${allowed.join(', ') || 'no header'}`);
    else if (found.has(name)) fault(['headers', key], 'a header is named once, in whatever case');
    else if (text !== undefined && text.length > MOST_CHARS)
      fault(['headers', key], `a header has at most ${MOST_CHARS} characters`);
    else if (text === undefined || !HEADER_VALUE.test(text) || BLANK_END.test(text))
      fault(['headers', key], allowedFor(value, 'one line of Latin-1 text without white space at its ends'));
    else {
      found.set(name, value instanceof Placeholder ? value : text);
      left -= name.length + text.length;
    }
  }
  if (left < 0) fault(['headers'], `the headers of a query have at most ${MOST_TOGETHER} characters together`);
  return Object.fromEntries(found.size > 1 ? [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)) : found);
}
