import { parseExact } from '../json/parse.ts';
import { scan } from '../json/scan.ts';
import type { Limits } from '../config.ts';
import { BadRequest } from './plan.ts';

/** A request's body as data; a scan of its bytes finds what reading would drop or change. Throws BadRequest. */
export function readBody(body: Buffer, limits: Limits): unknown {
  const faults = scan(body, { depth: limits.depth });
  if (faults.length > 0) throw new BadRequest(faults);
  return parseExact(body.toString('utf8'));
}
