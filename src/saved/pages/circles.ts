import type { Found } from './check-nodes.ts';
import type { Place } from './placed.ts';

/** A file that takes itself in, by others or at once, however a page is rendered: that would never end. */
export interface Circle {
  /** The names of the files, of which the first is the last, too. */
  readonly files: readonly string[];
  /** Where the last but one takes in the last. */
  readonly at: Place;
}

/** Finds the circles among the files of a page, by their names, each once. */
export function circlesIn(files: ReadonlyMap<string, Pick<Found, 'includes' | 'mayStop'>>): readonly Circle[] {
  // A `break` outside of a loop ends the page, which may be before a circle is closed.
  if ([...files.values()].some(({ mayStop }) => mayStop)) return [];
  const circles: Circle[] = [];
  const seen = new Set<string>();
  const path: string[] = [];
  const walk = (name: string): void => {
    seen.add(name);
    path.push(name);
    for (const next of files.get(name)!.includes) {
      if (!next.isCertain) continue;
      const begin = path.indexOf(next.name);
      if (begin >= 0) circles.push({ files: [...path.slice(begin), next.name], at: next.at });
      else if (!seen.has(next.name)) walk(next.name);
    }
    path.pop();
  };
  for (const name of files.keys()) if (!seen.has(name)) walk(name);
  return circles;
}
