import { createHash } from 'node:crypto';
import type { MemberList } from '../batch/run/reply.ts';
import { shown, stepOf } from '../batch/run/reply.ts';
import { isHeld } from '../budget/turns.ts';
import type { Work } from '../budget/work.ts';
import type { Text } from '../json/text.ts';

/** Bytes, or characters, that are hashed at once. */
const SLICE = 65_536;

/**
 * A weak entity tag (RFC 9110 §8.8.1) of an answer in a media type: over `content`, which is either the
 * replies, of which names, statuses and values count and times do not, or the text that is sent.
 */
export async function weakTag(mediaType: string, content: MemberList | Text, work: Work): Promise<string> {
  const hash = createHash('sha256').update(mediaType);
  for (const piece of 'members' in content ? piecesOf(content) : content) {
    for (let from = 0; from < piece.length; from += SLICE) {
      hash.update(typeof piece === 'string' ? piece.slice(from, from + SLICE) : piece.subarray(from, from + SLICE));
      if (isHeld()) await work.turn();
    }
  }
  return `W/"${hash.digest('base64url').slice(0, 27)}"`;
}

function* piecesOf(list: MemberList): Generator<string | Uint8Array> {
  for (const member of shown(list.members)) {
    const { as = '', reply } = member;
    const { status, value, error, list: within } = reply;
    yield `${JSON.stringify([stepOf(member), as, status, error?.code])}\n`;
    if (value) yield value.bytes ?? value.json;
    else if (within) yield* piecesOf(within);
    yield '\n';
  }
}
