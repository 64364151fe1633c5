import { markLength } from '../../json/body-text.ts';
import { parseScanned } from '../../json/parse.ts';
import { scan } from '../../json/scan.ts';
import type { Limits } from '../../config/load.ts';
import { isLoopHeld } from '../../budget/turns.ts';
import type { Steps, Work } from '../../budget/work.ts';
import { BadRequest } from '../../json/fault-list.ts';

/**
 * A request's body as data, in turns with others: one scan of the raw bytes finds what reading it would drop
 * or change in silence. A byte order mark in front is passed over, as RFC 8259 §8.1 allows. So many
 * containers `around` what is asked do not count in its depth. Throws BadRequest.
 */
export function* readBody(body: Buffer, { depth }: Pick<Limits, 'depth'>, work: Work, around = 0): Steps<unknown> {
  // What it takes is counted before it is looked at.
  work.tick(body.length >> 6);
  const from = markLength(body);
  const { faults, members } = scan(body, { depth, around, from });
  if (faults.length > 0) throw new BadRequest(faults);
  if (isLoopHeld()) yield;
  return yield* parseScanned(body.toString('utf8', from), work, members);
}
