import { createHash } from 'node:crypto';
import type { MemberList } from '../batch/run/reply.ts';
import { shown, stepOf } from '../batch/run/reply.ts';
import { isLoopHeld } from '../budget/turns.ts';
import type { Work } from '../budget/work.ts';
import { slices, type Piece, type Text } from '../json/text.ts';

/** Bytes, or characters, after which the clock is looked at. */
const UNWATCHED = 65_536;
const DIGITS = 27;

/**
 * A weak entity tag (RFC 9110 §8.8.1) of an answer in a media type: over `content`, which is either the
 * replies, of which names, statuses and values count and times do not, or the text that is sent. Undefined
 * where a long one would not be there by an instant, `performance.now()` ms.
 */
export async function weakTag(
  mediaType: string,
  content: MemberList | Text,
  work: Work,
  until: number,
): Promise<string | undefined> {
  const hash = createHash('sha256').update(`${mediaType}\n`);
  let unwatched = 0;
  for (const slice of slices('members' in content ? piecesOf(content) : content)) {
    hash.update(slice);
    unwatched += slice.length;
    if (unwatched < UNWATCHED) continue;
    unwatched = 0;
    if (performance.now() >= until) return undefined;
    if (isLoopHeld()) await work.turn();
  }
  return `W/"${hash.digest('base64url').slice(0, DIGITS)}"`;
}

function* piecesOf(list: MemberList): Generator<Piece> {
  let between = '';
  for (const member of shown(list.members)) {
    const { as = '', reply } = member;
    const { status, value, error, list: within } = reply;
    // As JSON no two lists of names are written alike, nor are two halves of surrogate pairs.
    const names = JSON.stringify([stepOf(member), as]);
    yield `${between}${names} ${status} ${error?.code ?? ''}\n`;
    if (value) yield value.bytes ?? value.json;
    else if (within) yield* piecesOf(within);
    between = '\n';
  }
  yield '\n';
}
