import type { Grant } from './known-caller.ts';

/** Makes something of what a caller may do, once for each caller of a configuration. */
export function perCaller<T>(make: (caller: Grant) => T): (caller: Grant) => T {
  const made = new Map<string | undefined, T>();
  return (caller) => {
    if (!made.has(caller.name)) made.set(caller.name, make(caller));
    return made.get(caller.name) as T;
  };
}

/** Of some named things those that a caller may name: of the others it is not told that they are there. */
export function granted<T>(
  all: ReadonlyMap<string, T>,
  which: 'sources' | 'batches',
): (caller: Grant) => ReadonlyMap<string, T> {
  return perCaller((caller) => new Map([...all].filter(([name]) => caller[which].has(name))));
}
