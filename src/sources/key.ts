import { canonical } from '../json/canonical.ts';
import type { Caller, Query } from '../store/fetch.ts';

/**
 * What two gathered queries of a source have in common if either's answer is also the other's: op, params as they were
 * compiled, and of the caller the headers that the source forwards. An adapter makes equal params of equal queries,
 * and `Call` reduces the caller; the trace is no part of it. Undefined for a query that is too large to be compared:
 * it is like no other.
 */
export function keyOf({ op, params }: Query, { headers }: Caller): string | undefined {
  return canonical([op, params, headers]);
}
