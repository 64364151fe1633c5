import type { Source } from '../sources/open.ts';

/** A body that these sources take; undefined if no example is known of them. */
export function requestExample(
  keyed: boolean,
  sources: readonly Pick<Source, 'name' | 'example'>[],
): object | undefined {
  const known = sources.flatMap(({ name, example }) => (example ? [{ source: name, ...example }] : []));
  if (known.length === 0) return undefined;
  const queries = known.slice(0, 3);
  return { queries: keyed ? Object.fromEntries(queries.map((query) => [query.source, query])) : queries };
}
