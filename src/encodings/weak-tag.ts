import { createHash } from 'node:crypto';
import type { MemberList } from '../batch/run/reply.ts';
import { shown, stepOf } from '../batch/run/reply.ts';
import { isHeld } from '../budget/turns.ts';
import type { Work } from '../budget/work.ts';
import type { Piece, Text } from '../json/text.ts';

/** Bytes, or characters, that are hashed at once. */
const SLICE = 65_536;
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
  for (const piece of 'members' in content ? piecesOf(content) : content) {
    for (let from = 0; from < piece.length; from += SLICE) {
      if (piece.length <= SLICE) hash.update(piece);
      else if (typeof piece === 'string') hash.update(piece.slice(from, from + SLICE));
      else hash.update(piece.subarray(from, from + SLICE));
      unwatched += Math.min(SLICE, piece.length);
      if (unwatched < SLICE) continue;
      unwatched = 0;
      if (performance.now() >= until) return undefined;
      if (isHeld()) await work.turn();
    }
  }
  return `W/"${hash.digest('base64url').slice(0, DIGITS)}"`;
}

function* piecesOf(list: MemberList): Generator<Piece> {
  let between = '';
  for (const member of shown(list.members)) {
    const { as = '', reply } = member;
    const { status, value, error, list: within } = reply;
    const step = String(stepOf(member));
    // With their lengths, no two lists of names are written alike.
    yield `${between}${step.length} ${step} ${as.length} ${as} ${status} ${error?.code ?? ''}\n`;
    if (value) yield value.bytes ?? value.json;
    else if (within) yield* piecesOf(within);
    between = '\n';
  }
  yield '\n';
}
