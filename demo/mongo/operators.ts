import { Context } from 'mingo/core';
import { Lazy } from 'mingo/lazy';
import * as accumulator from 'mingo/operators/accumulator';
import * as pipeline from 'mingo/operators/pipeline';
import * as projection from 'mingo/operators/projection';
import * as query from 'mingo/operators/query';
import * as window from 'mingo/operators/window';
import type { AnyObject, Options } from 'mingo/types';
import { flatten, resolve } from 'mingo/util';
import { accumulators } from './accumulators.ts';
import { comparer, keyOf, typeRank, type Compare } from './compare.ts';
import { expressions } from './expressions.ts';
import { CODE, MongoFailure } from './failure.ts';
import { $bucket, $bucketAuto, $group, $sortByCount } from './group.ts';
import { $project } from './project.ts';
import { sorted } from './sort.ts';

type Test = (values: readonly unknown[], operand: unknown, compare: Compare, collated: boolean) => boolean;

/**
 * mingo compares BSON objects by their text and ignores the collation when it matches; these operators
 * compare as mongod does.
 */
function matching(test: Test): typeof query.$eq {
  return (selector, operand, options) => {
    const compare = comparer(options.collation);
    const depth = selector.split('.').length - 1;
    return (document) => {
      const value = resolve(document, selector, { unwrapArray: true });
      const values = Array.isArray(value) ? [value, ...value, ...flatten(value, depth)] : [value];
      return test(values, operand, compare, options.collation !== undefined);
    };
  };
}

const equal: Test = (values, operand, compare) => values.some((value) => compare(value, operand) === 0);

const keySets = new WeakMap<readonly unknown[], Set<string>>();

function keysOf(list: readonly unknown[]): Set<string> {
  const keys = keySets.get(list) ?? new Set(list.map(keyOf));
  keySets.set(list, keys);
  return keys;
}

const within: Test = (values, operand, compare, collated) => {
  if (!Array.isArray(operand)) throw new MongoFailure(CODE.BadValue, '$in needs an array');
  const patterns = operand.filter((member) => member instanceof RegExp);
  if (patterns.some((pattern) => values.some((value) => typeof value === 'string' && pattern.test(value)))) return true;
  if (collated) return operand.some((member) => equal(values, member, compare, collated));
  const keys = keysOf(operand);
  return values.some((value) => keys.has(keyOf(value)));
};

/** A range never leaves its type: `{$gt: 5}` finds no string. */
function range(holds: (difference: number) => boolean): typeof query.$eq {
  return matching((values, operand, compare) =>
    values.some((value) => typeRank(value) === typeRank(operand) && holds(compare(value, operand))),
  );
}

function refuse(stage: string): typeof pipeline.$lookup {
  return () => {
    throw new MongoFailure(CODE.BadValue, `${stage} is not supported`);
  };
}

/**
 * mingo forgets the fields to join by when there is a pipeline too, and knows no two spellings of one number.
 */
const $lookup: typeof pipeline.$lookup = (input, spec, options) => {
  const { from, localField, foreignField, pipeline: stages, as } = spec;
  if (localField === undefined || foreignField === undefined) return pipeline.$lookup(input, spec, options);
  const foreign = typeof from === 'string' ? (options.collectionResolver?.(from) ?? []) : from;
  const byKey = Map.groupBy(
    foreign.flatMap((document) => joinKeys(document, foreignField).map((key) => ({ key, document }))),
    ({ key }) => key,
  );
  return input.map((document: AnyObject) => {
    const found = new Set(
      joinKeys(document, localField).flatMap((key) => byKey.get(key)?.map((pair) => pair.document) ?? []),
    );
    if (!stages?.length) return { ...document, [as]: [...found] };
    return pipeline
      .$lookup(Lazy([document]), { from: [...found], let: spec.let, pipeline: stages, as }, options)
      .collect<AnyObject>()[0] as AnyObject;
  });
};

function joinKeys(document: AnyObject, path: string): string[] {
  const value = resolve(document, path);
  return [...new Set(Array.isArray(value) ? value.map(keyOf) : [keyOf(value)])];
}

const $sort: typeof pipeline.$sort = (input, spec, options: Options) =>
  input.transform(
    (documents: AnyObject[]) => Lazy(sorted(documents, spec, options.collation, (document) => document)) as never,
  );

const $expr: typeof query.$expr = (selector, condition, options) =>
  query.$expr(selector, { $or: [condition] }, options);

/** mingo's operators, with BSON's comparison where mingo has only JavaScript's. */
export const operators: Context = Context.init({
  accumulator: { ...accumulator, ...accumulators },
  expression: expressions,
  pipeline: {
    ...pipeline,
    $bucket,
    $bucketAuto,
    $group,
    $lookup,
    $project,
    $sort,
    $sortByCount,
    $out: refuse('$out'),
    $merge: refuse('$merge'),
  },
  projection: { ...projection },
  query: {
    ...query,
    $expr,
    $eq: matching(equal),
    $ne: matching((...given) => !equal(...given)),
    $in: matching(within),
    $nin: matching((...given) => !within(...given)),
    $gt: range((difference) => difference > 0),
    $gte: range((difference) => difference >= 0),
    $lt: range((difference) => difference < 0),
    $lte: range((difference) => difference <= 0),
  },
  window: { ...window },
});
