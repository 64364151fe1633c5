import { parseExact } from '../json/parse.ts';
import { scan } from '../json/scan.ts';
import type { Limits } from '../config.ts';
import { isHeld } from '../turns.ts';
import type { Steps } from '../work.ts';
import { BadRequest } from './plan.ts';

/**
 * A request's body as data, in turns with others: one scan of the raw bytes finds what reading it would drop or change in silence.
 * Throws BadRequest.
 */
export function* readBody(body: Buffer, limits: Limits): Steps<unknown> {
  const faults = scan(body, { depth: limits.depth });
  if (faults.length > 0) throw new BadRequest(faults);
  if (isHeld()) yield;
  return parseExact(body.toString('utf8'));
}
