import { LRUCache } from 'lru-cache';
import type { Grant } from './known-caller.ts';

/** What is large is kept for so many grants. */
const MOST = 8;

/** Makes something of what callers may do, once for all who may do the same. */
export function perGrant<T>(make: (caller: Grant) => T): (caller: Grant) => T {
  return kept(new Map<string, T>(), make);
}

/** The same of what is large: it is kept for those alone who have asked of late, and not where it fails. */
export function perGrantOfLate<T extends object | string>(make: (caller: Grant) => T): (caller: Grant) => T {
  const made = new LRUCache<string, T>({ max: MOST });
  return kept(made, (caller) => {
    const one = make(caller);
    if (one instanceof Promise) one.catch(() => made.delete(caller.scope));
    return one;
  });
}

function kept<T>(
  made: Pick<Map<string, T>, 'get'> & { set: (scope: string, one: T) => unknown },
  make: (caller: Grant) => T,
): (caller: Grant) => T {
  return (caller) => {
    const known = made.get(caller.scope);
    if (known !== undefined) return known;
    const one = make(caller);
    made.set(caller.scope, one);
    return one;
  };
}

/** Of some named things those that a caller may name: of the others it is not told that they are there. */
export function granted<T>(
  all: ReadonlyMap<string, T>,
  which: 'sources' | 'batches',
): (caller: Grant) => ReadonlyMap<string, T> {
  return perGrant((caller) => new Map([...all].filter(([name]) => caller[which].has(name))));
}
