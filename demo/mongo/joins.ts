import { evalExpr } from 'mingo/core';
import { Lazy } from 'mingo/lazy';
import * as pipeline from 'mingo/operators/pipeline';
import { Query } from 'mingo/query';
import type { AnyObject, Options } from 'mingo/types';
import { resolve } from 'mingo/util';
import { keyOf } from './compare.ts';
import { CODE, MongoFailure } from './failure.ts';
import { wholeOf } from './whole.ts';

type Documents = ReadonlyMap<string, readonly AnyObject[]>;

function documentsOf(from: unknown, options: Options): AnyObject[] {
  return typeof from === 'string' ? (options.collectionResolver?.(from) ?? []) : (from as AnyObject[]);
}

function byKey(documents: readonly AnyObject[], path: string): Documents {
  const pairs = documents.flatMap((document) => keysOf(resolve(document, path)).map((key) => ({ key, document })));
  return new Map(
    Map.groupBy(pairs, ({ key }) => key)
      .entries()
      .map(([key, group]) => [key, group.map(({ document }) => document)]),
  );
}

/** The keys that a value is found by: those of its members, if it is an array. */
function keysOf(value: unknown): string[] {
  return [...new Set(Array.isArray(value) ? value.map(keyOf) : [keyOf(value)])];
}

function joined(documents: Documents, keys: readonly string[]): AnyObject[] {
  return [...new Set(keys.flatMap((key) => documents.get(key) ?? []))];
}

/**
 * mingo forgets the fields to join by when there is a pipeline too, and knows no two spellings of one number.
 */
export const $lookup: typeof pipeline.$lookup = (input, spec, options) => {
  const { from, localField, foreignField, pipeline: stages, as } = spec;
  if (localField === undefined || foreignField === undefined) return pipeline.$lookup(input, spec, options);
  const foreign = byKey(documentsOf(from, options), foreignField);
  return input.map((document: AnyObject) => {
    const found = joined(foreign, keysOf(resolve(document, localField)));
    if (!stages?.length) return { ...document, [as]: found };
    return pipeline
      .$lookup(Lazy([document]), { from: found, let: spec.let, pipeline: stages, as }, options)
      .collect<AnyObject>()[0] as AnyObject;
  });
};

/** From document to document, each once and by the shortest way; numbers join by value. */
export const $graphLookup: typeof pipeline.$graphLookup = (input, spec, options) => {
  const { connectFromField, connectToField, depthField, maxDepth, restrictSearchWithMatch: filter, as } = spec;
  const deepest = maxDepth === undefined ? Infinity : wholeOf(maxDepth);
  if (deepest === undefined || deepest < 0)
    throw new MongoFailure(CODE.BadValue, `$graphLookup needs an integer from 0 as 'maxDepth'`);
  const query = new Query(filter ?? {}, options);
  const foreign = byKey(
    documentsOf(spec.from, options).filter((document) => query.test(document)),
    connectToField,
  );
  return input.map((document: AnyObject) => {
    const depths = new Map<AnyObject, number>();
    let keys = keysOf(evalExpr(document, spec.startWith, options));
    for (let depth = 0; depth <= deepest && keys.length > 0; depth += 1) {
      const found = joined(foreign, keys).filter((next) => !depths.has(next));
      for (const next of found) depths.set(next, depth);
      const values = found.map((next) => resolve(next, connectFromField)).filter((value) => value !== undefined);
      keys = [...new Set(values.flatMap(keysOf))];
    }
    const results = Array.from(depths, ([next, depth]) => ({ ...next, ...(depthField && { [depthField]: depth }) }));
    return { ...document, [as]: results };
  });
};
