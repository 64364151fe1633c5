import type { Steps, Work } from '../../budget/work.ts';
import { entriesOf, keysOf, memberOf, put } from '../../json/members.ts';
import { isContainer, piecesOf } from '../../json/size.ts';
import { Placeholder } from '../../store/placeholder.ts';
import { wordIn } from '../template/read-template.ts';

/**
 * Data in which Placeholders stand, as a request would write it: each as its reference, and what only looks
 * like one under `$verbatim`.
 */
export function* written(value: unknown, work: Work): Steps<unknown> {
  if (work.tick(piecesOf(value))) yield;
  if (value instanceof Placeholder) return value.written;
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (const member of value) list.push(yield* written(member, work));
    return list;
  }
  if (looksLikeReference(value)) return { $verbatim: value };
  let copy: object = {};
  for (const [key, member] of entriesOf(value)) copy = put(copy, key, yield* written(member, work));
  return copy;
}

/** MongoDB's own `{"$meta": "textScore"}`, whose name is no pointer, does not. */
function looksLikeReference(value: object): boolean {
  const word = wordIn(value);
  if (word !== '$meta') return word !== undefined;
  const argument = memberOf(value, word);
  return keysOf(value).length > 1 || typeof argument !== 'string' || argument === '' || argument.startsWith('/');
}
