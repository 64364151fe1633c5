import { toText } from '../../src/json/leaf.ts';
import { entriesOf } from '../../src/json/members.ts';
import { Filled, joinedText, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';

/**
 * The query of a request with its "?", or nothing; a list repeats its key. References that are not yet known
 * stand in it.
 */
export function restQuery(query: object, fault: Fault): string | Placeholder {
  const parts: (string | Placeholder)[] = [];
  for (const [key, value] of entriesOf(query)) {
    if (!key.isWellFormed()) fault(['query'], 'a key may not have lone surrogates');
    for (const text of texts(value, (detail) => fault(['query', key], detail))) {
      const before = `${parts.length === 0 ? '?' : '&'}${encode(key)}=`;
      if (text instanceof Placeholder) parts.push(before, text);
      else parts.push(before + encode(text));
    }
  }
  return joinedText(parts);
}

function texts(value: unknown, fault: (detail: string) => void): (string | Placeholder)[] {
  const bare = value instanceof Filled ? value.value : value;
  if (Array.isArray(bare)) return bare.flatMap((member) => one(member, fault));
  return one(bare, fault);
}

function one(value: unknown, fault: (detail: string) => void): (string | Placeholder)[] {
  if (value instanceof Placeholder) return [value];
  const text = toText(value instanceof Filled ? value.value : value);
  if (text?.isWellFormed()) return [text];
  fault('a string, number, boolean, id, date, or a list of these is allowed here');
  return [];
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
