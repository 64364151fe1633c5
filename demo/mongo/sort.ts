import type { Document } from 'bson';
import type { CollationSpec } from 'mingo/types';
import { resolve } from 'mingo/util';
import { comparer, type Compare } from './compare.ts';

/**
 * An array sorts by its smallest member upwards and by its greatest downwards; an empty one like a missing
 * value.
 */
function sortKey(document: Document, path: string, direction: number, compare: Compare): unknown {
  const value = resolve(document, path);
  if (!Array.isArray(value)) return value;
  return value.reduce<unknown>((best, member) => (compare(member, best) * direction < 0 ? member : best), value[0]);
}

/** The items in a sort specification's order, by mongod's rules; items that tie keep their order. */
export function sorted<T>(
  items: Iterable<T>,
  spec: Document,
  collation: CollationSpec | undefined,
  documentOf: (item: T) => Document,
): T[] {
  const compare = comparer(collation);
  const fields = Object.entries(spec).map(([path, direction]) => ({ path, direction: Number(direction) }));
  return Array.from(items, (item) => {
    const document = documentOf(item);
    return { item, keys: fields.map(({ path, direction }) => sortKey(document, path, direction, compare)) };
  })
    .toSorted((left, right) => {
      for (const [index, { direction }] of fields.entries()) {
        const difference = compare(left.keys[index], right.keys[index]) * direction;
        if (difference !== 0) return difference;
      }
      return 0;
    })
    .map(({ item }) => item);
}
