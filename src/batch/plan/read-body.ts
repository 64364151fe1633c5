import { isPlain } from '../../json/parse.ts';
import { parsedBytes, readJson } from '../../json/read-json.ts';
import { scanned } from '../../json/scan.ts';
import type { Limits } from '../../config/load.ts';
import { isHeld } from '../../budget/turns.ts';
import type { Steps, Work } from '../../budget/work.ts';
import { BadRequest } from '../../json/fault-list.ts';

/** Characters from which on a body is read in turns. */
const LARGE = 65_536;

/**
 * A request's body as data, in turns with others: one scan of the raw bytes finds what reading it would drop
 * or change in silence. So many containers `around` what is asked do not count in its depth. Throws
 * BadRequest.
 */
export function* readBody(body: Buffer, { depth }: Pick<Limits, 'depth'>, work: Work, around = 0): Steps<unknown> {
  // What it takes is counted before it is looked at.
  work.tick(body.length >> 6);
  const { faults, members } = scanned(body, { depth, around });
  if (faults.length > 0) throw new BadRequest(faults);
  if (isHeld()) yield;
  const text = body.toString('utf8');
  if (text.length >= LARGE || !isPlain(text)) return yield* readJson(text, work);
  work.opens(parsedBytes(members, text.length));
  return JSON.parse(text);
}
