import { Context } from 'mingo/core';
import { Lazy } from 'mingo/lazy';
import * as accumulator from 'mingo/operators/accumulator';
import * as pipeline from 'mingo/operators/pipeline';
import * as projection from 'mingo/operators/projection';
import * as query from 'mingo/operators/query';
import * as window from 'mingo/operators/window';
import type { AnyObject, Options } from 'mingo/types';
import { resolve } from 'mingo/util';
import { accumulators } from './accumulators.ts';
import { expressions } from './expressions.ts';
import { CODE, MongoFailure } from './failure.ts';
import { $bucket, $bucketAuto, $group, $sortByCount } from './group.ts';
import { $graphLookup, $lookup } from './joins.ts';
import { matching, memberTest } from './matching.ts';
import { $project } from './project.ts';
import { $redact } from './redact.ts';
import { sorted } from './sort.ts';

function refuse(stage: string): typeof pipeline.$lookup {
  return () => {
    throw new MongoFailure(CODE.BadValue, `${stage} is not supported`);
  };
}

const $sort: typeof pipeline.$sort = (input, spec, options: Options) =>
  input.transform(
    (documents: AnyObject[]) => Lazy(sorted(documents, spec, options.collation, (document) => document)) as never,
  );

/** As a projection: the first member that the condition finds. */
const $elemMatch: typeof projection.$elemMatch = (document, condition, field, options) => {
  const list = resolve(document, field);
  const at = Array.isArray(list) ? list.findIndex(memberTest(condition, options)) : -1;
  return at < 0 ? undefined : [(list as unknown[])[at]];
};

/** mingo's operators, with BSON's comparison where mingo has only JavaScript's. */
export const operators: Context = Context.init({
  accumulator: { ...accumulator, ...accumulators },
  expression: expressions,
  pipeline: {
    ...pipeline,
    $bucket,
    $bucketAuto,
    $graphLookup,
    $group,
    $lookup,
    $project,
    $redact,
    $sort,
    $sortByCount,
    $out: refuse('$out'),
    $merge: refuse('$merge'),
  },
  projection: { ...projection, $elemMatch },
  query: {
    $and: query.$and,
    $or: query.$or,
    $nor: query.$nor,
    $not: query.$not,
    ...(matching as unknown as Record<string, typeof query.$eq>),
  },
  window: { ...window },
});
