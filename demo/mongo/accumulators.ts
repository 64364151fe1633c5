import { evalExpr } from 'mingo/core';
import * as accumulator from 'mingo/operators/accumulator';
import type { AnyObject, ExpressionOperator, Options } from 'mingo/types';
import { comparer, keyOf } from './compare.ts';
import { CODE, MongoFailure } from './failure.ts';
import { sorted } from './sort.ts';
import { average, doubleOf, isNumber, sum } from './total.ts';

/** What one accumulator makes of the documents of a group. */
export type Accumulate = (documents: AnyObject[], operand: unknown, options: Options) => unknown;
type Fold = (values: readonly unknown[], options: Options) => unknown;

/** What an operand is for each document; undefined where it is missing. */
export function ofEach(documents: AnyObject[], operand: unknown, options: Options): unknown[] {
  return (accumulator.$push(documents, [operand], options) as unknown[][]).map(([value]) => value);
}

/** Refuses numbers that mingo does not know: it would pass them over, or take them for texts. */
export function refuseUnknown(name: string, value: unknown): void {
  if (Array.isArray(value)) for (const member of value) refuseUnknown(name, member);
  else if (isNumber(value) && typeof value !== 'number')
    throw new MongoFailure(CODE.BadValue, `${name} is not supported for a Decimal128 or a Long beyond 2^53`);
}

/** Each value once, as it was first met. */
function distinct(values: readonly unknown[]): unknown[] {
  const byKey = new Map<string, unknown>();
  for (const value of values) if (!byKey.has(keyOf(value))) byKey.set(keyOf(value), value);
  return [...byKey.values()];
}

/** The value that comes first in an order, among those that are not null. */
function extreme(direction: 1 | -1): Fold {
  return (values, options) => extremes(direction, values, options)[0] ?? null;
}

function extremes(direction: 1 | -1, values: readonly unknown[], { collation }: Options): unknown[] {
  const compare = comparer(collation);
  const given = values.filter((value) => value !== null && value !== undefined);
  return given.toSorted((left, right) => compare(left, right) * direction);
}

/** The standard deviation as mongod has it: doubles, one after the other (Welford). */
function deviation(taken: 0 | 1): Fold {
  return (values) => {
    let [count, mean, squares] = [0, 0, 0];
    for (const value of values.filter(isNumber).map(doubleOf)) {
      count += 1;
      const difference = value - mean;
      mean += difference / count;
      squares += difference * (value - mean);
    }
    return count <= taken ? null : Math.sqrt(squares / (count - taken));
  };
}

/** The values at these shares of all, as doubles; of two that are as near, the lower one. */
function percentiles(values: readonly unknown[], shares: readonly unknown[]): (number | null)[] {
  const ordered = Float64Array.from(values.filter(isNumber), doubleOf).toSorted();
  return shares.map((share) => {
    if (!isNumber(share) || doubleOf(share) < 0 || doubleOf(share) > 1)
      throw new MongoFailure(CODE.BadValue, `'p' must be an array of numbers from 0 to 1`);
    return ordered[Math.max(Math.ceil(doubleOf(share) * ordered.length) - 1, 0)] ?? null;
  });
}

function howMany(name: string, given: unknown, options: Options): number {
  const n = doubleOf(evalExpr({}, given, options));
  if (!Number.isSafeInteger(n) || n < 1) throw new MongoFailure(CODE.BadValue, `${name} needs a positive integer 'n'`);
  return n;
}

type FoldInput = (values: readonly unknown[], operand: AnyObject, options: Options) => unknown;

/** Those whose operand names its `input` beside other things. */
const OF_INPUT: Record<string, FoldInput> = {
  $minN: (values, { n }, options) => extremes(1, values, options).slice(0, howMany('$minN', n, options)),
  $maxN: (values, { n }, options) => extremes(-1, values, options).slice(0, howMany('$maxN', n, options)),
  $median: (values) => percentiles(values, [0.5])[0],
  $percentile: (values, { p }, options) => percentiles(values, evalExpr({}, p, options) as unknown[]),
};

const FOLDS: Record<string, Fold> = {
  $sum: sum,
  $avg: average,
  $min: extreme(1),
  $max: extreme(-1),
  $stdDevPop: deviation(0),
  $stdDevSamp: deviation(1),
};

/** The first or last of a group's documents in an order of their own. */
function ranked(name: string, take: (ordered: AnyObject[], n: number) => AnyObject[]): Accumulate {
  const single = !name.endsWith('N');
  return (documents, operand, options) => {
    const { n, sortBy, output } = operand as { n?: unknown; sortBy: AnyObject; output: unknown };
    const ordered = sorted(documents, sortBy, options.collation, (document) => document);
    const found = ofEach(take(ordered, single ? 1 : howMany(name, n, options)), output, options);
    const values = found.map((value) => value ?? null);
    return single ? values[0] : values;
  };
}

const first = (ordered: AnyObject[], n: number): AnyObject[] => ordered.slice(0, n);
const last = (ordered: AnyObject[], n: number): AnyObject[] => ordered.slice(-n);

const present = (value: unknown): boolean => value !== undefined;

const windowed: Accumulate = () => {
  throw new MongoFailure(CODE.BadValue, 'a covariance is of windows alone');
};

/** The accumulators that look at values, by BSON's rules; mingo has only JavaScript's. */
export const accumulators: Record<string, Accumulate> = {
  ...Object.fromEntries(
    Object.entries(FOLDS).map(([name, fold]): [string, Accumulate] => [
      name,
      (documents, operand, options) => {
        if (Array.isArray(operand))
          throw new MongoFailure(CODE.BadValue, `The ${name} accumulator is a unary operator`);
        return fold(ofEach(documents, operand, options), options);
      },
    ]),
  ),
  $push: (documents, operand, options) => ofEach(documents, operand, options).filter(present),
  $addToSet: (documents, operand, options) => distinct(ofEach(documents, operand, options).filter(present)),
  ...Object.fromEntries(
    Object.entries(OF_INPUT).map(([name, fold]): [string, Accumulate] => [
      name,
      (documents, operand, options) => {
        const given = operand as AnyObject;
        return fold(ofEach(documents, given.input, options), given, options);
      },
    ]),
  ),
  $top: ranked('$top', first),
  $topN: ranked('$topN', first),
  $bottom: ranked('$bottom', last),
  $bottomN: ranked('$bottomN', last),
  $covariancePop: windowed,
  $covarianceSamp: windowed,
};

/** What the only operand of an expression is, which may stand in a list of its own. */
export function onlyOf(document: AnyObject, operand: unknown, options: Options): unknown {
  return evalExpr(document, Array.isArray(operand) && operand.length === 1 ? operand[0] : operand, options);
}

/** The values that an expression gives: those of an array where it is the only operand. */
function operandsOf(document: AnyObject, operand: unknown, options: Options): unknown[] {
  const value = onlyOf(document, operand, options);
  return Array.isArray(value) ? value : [value];
}

/** Those of the accumulators that are expressions, too. */
export const folding: Record<string, ExpressionOperator> = {
  ...Object.fromEntries(
    Object.entries(FOLDS).map(([name, fold]): [string, ExpressionOperator] => [
      name,
      (document: AnyObject, operand: unknown, options: Options) =>
        fold(operandsOf(document, operand, options), options),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(OF_INPUT).map(([name, fold]): [string, ExpressionOperator] => [
      name,
      (document: AnyObject, operand: AnyObject, options: Options) => {
        const { input, ...others } = operand;
        const given = evalExpr(document, others, options) as AnyObject;
        return fold(operandsOf(document, input, options), given, options);
      },
    ]),
  ),
};
