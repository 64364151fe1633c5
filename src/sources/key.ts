import { canonical } from '../json/canonical.ts';
import type { Caller, Query } from '../store/fetch.ts';

/**
 * What makes two gathered queries of a source the same, so that one answer will do for both: their op, their
 * params as compiled, and the headers that the source forwards of their callers. An adapter makes equal
 * params of equal queries, and `Call` takes all other headers away. The trace is no part of it. Undefined for
 * a query that is too large to be compared: it is like no other.
 */
export function keyOf({ op, params }: Query, { headers }: Caller): string | undefined {
  return canonical([op, params, headers]);
}
