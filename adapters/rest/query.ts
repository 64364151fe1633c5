import { toText } from '../../src/json/leaf.ts';
import { entriesOf, firstKeyOf } from '../../src/json/members.ts';
import { isHole, joinedText, Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';
import { allowedFor } from '../fillable.ts';

/** The most characters of a query: no server takes more, and it is written at once. */
const MOST_CHARS = 262_144;

/** What a value may be, written out and filled in. */
const WRITTEN = 'a string, number, boolean, or a list of these';
const OF_STORES = 'a string, number, boolean, id, date, or a list of these';

/**
 * The query of a request with its "?", or nothing; a list repeats its key. References that are not yet known
 * stand in it.
 */
export function restQuery(query: object, fault: ReportFault): string | Placeholder {
  if (firstKeyOf(query) === undefined) return '';
  const parts: (string | Placeholder)[] = [];
  let left = MOST_CHARS;
  for (const [key, value] of entriesOf(query)) {
    const name = `${encode(key)}=`;
    for (const member of membersOf(value)) {
      const given = isHole(value) ? value : member;
      const text = one(member, left, () =>
        fault(['query', key], allowedFor(given, isHole(given) ? OF_STORES : WRITTEN)),
      );
      if (text === undefined) continue;
      // What is too long as it stands is not encoded.
      const written = text instanceof Placeholder ? '' : text.length > left ? text : encode(text);
      left -= 1 + name.length + written.length;
      if (left < 0) {
        fault(['query'], `at most ${MOST_CHARS} characters are allowed here`);
        return '';
      }
      parts.push(`${parts.length === 0 ? '?' : '&'}${name}${written}`);
      if (text instanceof Placeholder) parts.push(text);
    }
  }
  return joinedText(parts);
}

function membersOf(value: unknown): readonly unknown[] {
  const bare = unwrapped(value);
  return Array.isArray(bare) ? bare : [bare];
}

/** A text of more than `most` characters is not looked at. */
function one(value: unknown, most: number, fault: () => void): string | Placeholder | undefined {
  if (value instanceof Placeholder) return value;
  const text = toText(unwrapped(value));
  if (text !== undefined && (text.length > most || text.isWellFormed())) return text;
  fault();
  return undefined;
}

function encode(text: string): string {
  // A key may have half a character where that is told already: by the scan of a saved batch.
  return encodeURIComponent(text.toWellFormed());
}
