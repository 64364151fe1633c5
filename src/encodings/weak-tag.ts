import { createHash, type Hash, hash as hashOf } from 'node:crypto';
import type { MemberList } from '../batch/run/reply.ts';
import { shown, stepOf } from '../batch/run/reply.ts';
import { isHeld } from '../budget/turns.ts';
import type { Work } from '../budget/work.ts';
import { type Piece, Text } from '../json/text.ts';

/** Bytes, or characters, that are hashed at once. */
const SLICE = 65_536;
const ALGORITHM = 'sha256';
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
  let hash: Hash | undefined;
  let waiting = new Text().add(`${mediaType}\n`);
  for (const piece of 'members' in content ? piecesOf(content) : content) {
    for (let from = 0; from < piece.length; from += SLICE) {
      if (typeof piece === 'string') waiting.add(piece.slice(from, from + SLICE));
      else waiting.addBytes(piece.length > SLICE ? piece.subarray(from, from + SLICE) : piece);
      if (waiting.length >= SLICE) {
        if (performance.now() >= until) return undefined;
        hash = (hash ?? createHash(ALGORITHM)).update(waiting.toBuffer());
        waiting = new Text();
        if (isHeld()) await work.turn();
      }
    }
  }
  // What is short is hashed much faster at once.
  const last = waiting.toBuffer();
  return tagOf(hash ? hash.update(last).digest('base64url') : hashOf(ALGORITHM, last, 'base64url'));
}

function tagOf(digest: string): string {
  return `W/"${digest.slice(0, DIGITS)}"`;
}

function* piecesOf(list: MemberList): Generator<Piece> {
  for (const member of shown(list.members)) {
    const { as = '', reply } = member;
    const { status, value, error, list: within } = reply;
    const step = String(stepOf(member));
    // With their lengths, no two lists of names are written alike.
    yield [step.length, step, as.length, as, status, error?.code, '\n'].join(' ');
    if (value) yield value.bytes ?? value.json;
    else if (within) yield* piecesOf(within);
    yield '\n';
  }
}
