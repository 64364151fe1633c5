import { toText } from '../../src/json/leaf.ts';
import { entriesOf } from '../../src/json/members.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';

/** The query of a request with its "?", or nothing; a list repeats its key. */
export function restQuery(query: object, fault: Fault): string {
  let search = '';
  for (const [key, value] of entriesOf(query)) {
    if (!key.isWellFormed()) fault(['query'], 'a key may not have lone surrogates');
    for (const text of texts(value, (detail) => fault(['query', key], detail)))
      search += `${search === '' ? '?' : '&'}${encode(key)}=${encode(text)}`;
  }
  return search;
}

function texts(value: unknown, fault: (detail: string) => void): string[] {
  const bare = value instanceof Filled ? value.value : value;
  if (Array.isArray(bare)) return bare.flatMap((member) => one(member, fault));
  return one(bare, fault);
}

function one(value: unknown, fault: (detail: string) => void): string[] {
  if (value instanceof Placeholder) return [];
  const text = toText(value instanceof Filled ? value.value : value);
  if (text?.isWellFormed()) return [text];
  fault('a string, number, boolean, id, date, or a list of these is allowed here');
  return [];
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
