import { type FilterImplOptions, toValue } from 'liquidjs';
import { toText } from '../../json/leaf.ts';
import { boundsOf } from './bounds.ts';
import { scalarOf, type Scalar } from './comparisons.ts';

/** A member that is sorted takes as long as so many that are only looked at. */
const SORTING = 16;

/** By the members themselves or what a path leads to in each, ascending; what has no order comes last. */
export const sort: FilterImplOptions = sortedBy((key) => key);

/** The same with no regard to capital letters. */
export const sortNatural: FilterImplOptions = sortedBy((key) => (typeof key === 'string' ? key.toLowerCase() : key));

function sortedBy(keyOf: (key: Scalar | undefined) => Scalar | undefined): FilterImplOptions {
  return function* (value: unknown, path: unknown): Generator<unknown, unknown, unknown> {
    const bounds = boundsOf(this.context);
    // `nil` and `empty` that are written out are objects of LiquidJS.
    const given: unknown = toValue(value);
    const list: readonly unknown[] = Array.isArray(given)
      ? given
      : given === null || given === undefined
        ? []
        : [given];
    bounds.atOnce(SORTING * list.length);
    bounds.use(list.length);
    const named = toText(path) ?? '';
    bounds.atOnce(named.length);
    const steps = named.split('.');
    const keyed: { readonly item: unknown; readonly key: Scalar | undefined }[] = [];
    let size = 0;
    for (const item of list) {
      const found = path === undefined ? item : yield this.context._getFromScope(item, steps, false);
      const key = keyOf(scalarOf(found));
      // Two keys are compared from their beginnings on.
      size += 1 + (typeof key === 'string' ? key.length >> 6 : 0);
      keyed.push({ item, key });
    }
    bounds.atOnce(SORTING * size);
    return keyed.toSorted((one, other) => order(one.key, other.key)).map(({ item }) => item);
  };
}

function order(one: Scalar | undefined, other: Scalar | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  return one < other ? -1 : Number(one > other);
}
