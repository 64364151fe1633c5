import type { Document } from 'bson';
import { evalExpr } from 'mingo/core';
import { Lazy } from 'mingo/lazy';
import * as pipeline from 'mingo/operators/pipeline';
import type { AnyObject, Options } from 'mingo/types';
import { type Accumulate, accumulators, ofEach, refuseUnknown } from './accumulators.ts';
import { comparer, keyOf, typeRank } from './compare.ts';
import { CODE, MongoFailure } from './failure.ts';
import { sorted } from './sort.ts';

const COUNT = { count: { $sum: 1 } };

/** The fields that accumulators make of a group's documents. */
function accumulated(documents: AnyObject[], fields: Document, options: Options): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, spec]) => {
      const [operator = '', operand] = Object.entries(Object(spec) as Document)[0] ?? [];
      const accumulate: Accumulate | undefined = accumulators[operator];
      return [name, accumulate ? accumulate(documents, operand, options) : evalExpr(documents, spec, options)];
    }),
  );
}

interface Group {
  readonly _id: unknown;
  readonly documents: AnyObject[];
}

function gathered(groups: Iterable<Group>, fields: Document, options: Options): never {
  return Lazy(
    Array.from(groups, ({ _id, documents }) => ({ _id, ...accumulated(documents, fields, options) })),
  ) as never;
}

/** Groups by BSON's equality: 1, 1.0 and a Decimal128 of 1.00 are one key, the one that was met first. */
export const $group: typeof pipeline.$group = (input, spec, options) => {
  if (!Object.hasOwn(spec, '_id')) throw new MongoFailure(CODE.BadValue, `a group specification must include an _id`);
  const { _id: by, ...fields } = spec;
  return input.transform((documents: AnyObject[]) => {
    const groups = new Map<string, Group>();
    for (const [at, value] of ofEach(documents, by, options).entries()) {
      const key = keyOf(value);
      const group = groups.get(key) ?? { _id: value ?? null, documents: [] };
      groups.set(key, group);
      group.documents.push(documents[at] as AnyObject);
    }
    return gathered(groups.values(), fields, options);
  });
};

export const $sortByCount: typeof pipeline.$sortByCount = (input, by, options) =>
  $group(input, { _id: by, ...COUNT }, options).transform(
    (groups: AnyObject[]) => Lazy(sorted(groups, { count: -1 }, undefined, (group) => group)) as never,
  );

/** The documents between each two boundaries; what is outside of them all goes to the default. */
export const $bucket: typeof pipeline.$bucket = (input, spec, options) => {
  const { groupBy, boundaries, default: other, output = COUNT } = spec as Document;
  const compare = comparer(options.collation);
  const isBetween = (value: unknown): boolean =>
    compare(value, boundaries[0]) >= 0 && compare(value, boundaries.at(-1)) < 0;
  const isOrdered = (boundaries as unknown[]).every(
    (bound, at) =>
      at === 0 || (typeRank(bound) === typeRank(boundaries[at - 1]) && compare(bound, boundaries[at - 1]) > 0),
  );
  if (boundaries.length < 2 || !isOrdered)
    throw new MongoFailure(CODE.BadValue, `$bucket needs at least 2 'boundaries' of one type, in ascending order`);
  if (other !== undefined && isBetween(other))
    throw new MongoFailure(CODE.BadValue, `the $bucket 'default' must lie outside of the boundaries`);
  return input.transform((documents: AnyObject[]) => {
    const groups = Array.from([...boundaries.slice(0, -1), other], (_id) => ({ _id, documents: [] as AnyObject[] }));
    for (const [at, value] of ofEach(documents, groupBy, options).entries()) {
      if (!isBetween(value) && other === undefined)
        throw new MongoFailure(CODE.BadValue, `$bucket found a value outside of its boundaries, and has no 'default'`);
      const place = isBetween(value)
        ? groups.findLast(({ _id }, n) => n < groups.length - 1 && compare(_id, value) <= 0)
        : groups.at(-1);
      place?.documents.push(documents[at] as AnyObject);
    }
    const filled = groups.filter((group) => group.documents.length > 0);
    return gathered(
      filled.toSorted((left, right) => compare(left._id, right._id)),
      output,
      options,
    );
  });
};

/** mingo's buckets, with the fields that accumulators make of them. */
export const $bucketAuto: typeof pipeline.$bucketAuto = (input, { output = COUNT, ...spec }, options) => {
  const checked = input.transform((documents: AnyObject[]) => {
    refuseUnknown('$bucketAuto', ofEach(documents, spec.groupBy, options));
    return Lazy(documents);
  });
  const buckets = pipeline.$bucketAuto(checked, { ...spec, output: { documents: { $push: '$$ROOT' } } }, options);
  return buckets.map(({ _id, documents }: AnyObject) => ({
    _id,
    ...accumulated(documents as AnyObject[], output as Document, options),
  }));
};
