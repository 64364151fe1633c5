import { canonical } from '../json/canonical.ts';
import type { Caller, Query } from '../store/fetch.ts';
import { Placeholder } from '../store/placeholder.ts';

/**
 * What makes two gathered queries of a source the same, so that one answer will do for both: their op, their
 * params as compiled, and the headers that the source forwards of their callers. An adapter makes equal
 * params of equal queries, and `Call` takes all other headers away. The trace is no part of it. Undefined for
 * a query that is too large to be compared: it is like no other.
 */
export function keyOf({ op, params }: Query, { headers }: Caller): string | undefined {
  return canonical([op, params, headers]);
}

/**
 * Whether a query has a key. One that is planned is looked at as far as it is known: what it will be filled
 * in with may make it too large.
 */
export function hasKey({ op, params }: Query, { headers }: Caller): boolean {
  return canonical([op, params, headers], knownOf) !== undefined;
}

function knownOf(noData: object): unknown {
  if (!(noData instanceof Placeholder)) throw new TypeError('no data');
  return noData.parts;
}
