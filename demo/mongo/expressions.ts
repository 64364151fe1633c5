import { evalExpr } from 'mingo/core';
import * as expression from 'mingo/operators/expression';
import type { AnyObject, ExpressionOperator, Options } from 'mingo/types';
import { folding, onlyOf, refuseUnknown } from './accumulators.ts';
import { comparer, keyOf } from './compare.ts';
import { conversions, isTrue } from './conversions.ts';
import { CODE, MongoFailure } from './failure.ts';
import { sorted } from './sort.ts';

const compare = comparer();

/**
 * In an expression two values compare whole: an array is never searched for the other value, as mingo would.
 */
function comparing(name: string, answer: (difference: number) => unknown): ExpressionOperator {
  return (document: AnyObject, operands: unknown, options: Options) => {
    const values = evalExpr(document, operands, options);
    if (!Array.isArray(values) || values.length !== 2)
      throw new MongoFailure(CODE.BadValue, `${name} takes exactly 2 arguments`);
    return answer(compare(values[0], values[1]));
  };
}

const $in: typeof expression.$in = (document, operands, options) => {
  const [value, list] = evalExpr(document, operands, options) as unknown[];
  if (!Array.isArray(list)) throw new MongoFailure(CODE.BadValue, '$in requires an array as a second argument');
  return list.some((member) => compare(member, value) === 0);
};

/** A set operator of mingo's that sees keys for values, so that 1 and a Decimal128 of 1.0 are one member. */
function ofSets(operator: ExpressionOperator): ExpressionOperator {
  return (document: AnyObject, operand: unknown, options: Options) => {
    const values = new Map<string, unknown>();
    const named = (value: unknown): string => {
      const key = keyOf(value);
      if (!values.has(key)) values.set(key, value);
      return key;
    };
    const sets = evalExpr(document, Array.isArray(operand) ? operand : [operand], options) as unknown[];
    const keys = sets.map((set) => ({ $literal: Array.isArray(set) ? set.map(named) : set }));
    const answer: unknown = operator(document, keys as never, options);
    return Array.isArray(answer) ? answer.map((key) => values.get(key as string)) : answer;
  };
}

const $indexOfArray: typeof expression.$indexOfArray = (document, operand, options) => {
  const [list, value, ...range] = evalExpr(document, operand, options) as unknown[];
  const keys = Array.isArray(list) ? list.map(keyOf) : list;
  return expression.$indexOfArray(document, [{ $literal: keys }, keyOf(value), ...range] as never, options);
};

const $sortArray: typeof expression.$sortArray = (document, operand, options) => {
  const { input, sortBy } = evalExpr(document, operand, options) as { input: unknown; sortBy: number | AnyObject };
  if (!Array.isArray(input)) return expression.$sortArray(document, operand, options);
  if (typeof sortBy === 'object') return sorted(input, sortBy, options.collation, (member) => member as AnyObject);
  return input.toSorted((left, right) => comparer(options.collation)(left, right) * sortBy) as never;
};

/** What is true by BSON's rules, as an operand for mingo; to mingo even a Decimal128 of 0 is true. */
function truth(condition: unknown): { $or: [unknown] } {
  return { $or: [condition] };
}

function elements(hold: (list: unknown[]) => boolean): ExpressionOperator {
  return (document: AnyObject, operand: unknown, options: Options) => {
    const list = onlyOf(document, operand, options);
    if (!Array.isArray(list)) throw new MongoFailure(CODE.BadValue, 'an array is needed');
    return hold(list);
  };
}

function allOf(document: AnyObject, operand: unknown, options: Options): (() => boolean)[] {
  if (!Array.isArray(operand)) throw new MongoFailure(CODE.BadValue, 'an array of expressions is needed');
  return operand.map((member) => () => isTrue(evalExpr(document, member, options)));
}

const $cond: typeof expression.$cond = (document, operand: unknown, options) => {
  const [condition, ...others] = Array.isArray(operand) ? (operand as unknown[]) : [(operand as AnyObject).if];
  const known = Array.isArray(operand)
    ? [truth(condition), ...others]
    : { ...(operand as AnyObject), if: truth(condition) };
  return expression.$cond(document, known, options);
};

const $switch: typeof expression.$switch = (document, operand, options) => {
  const branches = operand.branches.map((branch) => ({ ...branch, case: truth(branch.case) }));
  return expression.$switch(document, { ...operand, branches }, options);
};

const $filter: typeof expression.$filter = (document, operand, options) =>
  expression.$filter(document, { ...operand, cond: truth(operand.cond) }, options);

/** An operator of mingo's that takes no number but JavaScript's, and that would not notice another one. */
function plain(name: string, read: (operand: AnyObject) => unknown = (operand) => operand): ExpressionOperator {
  const operator = Reflect.get(expression, name) as ExpressionOperator;
  return (document: AnyObject, operand: unknown, options: Options) => {
    refuseUnknown(name, evalExpr(document, read(operand as AnyObject), options));
    return operator(document, operand as never, options);
  };
}

/** mingo's expressions; what looks at numbers, or compares, by BSON's rules. */
export const expressions: Record<string, ExpressionOperator> = {
  ...(expression as unknown as Record<string, ExpressionOperator>),
  ...folding,
  ...conversions,
  $atan2: plain('$atan2'),
  $round: plain('$round'),
  $trunc: plain('$trunc'),
  $toHashedIndexKey: plain('$toHashedIndexKey'),
  $dateFromParts: plain('$dateFromParts', (parts) => Object.values(parts)),
  $dateAdd: plain('$dateAdd', ({ amount }) => amount),
  $dateSubtract: plain('$dateSubtract', ({ amount }) => amount),
  $toDate: plain('$toDate'),
  $setUnion: ofSets(expression.$setUnion),
  $setIntersection: ofSets(expression.$setIntersection),
  $setDifference: ofSets(expression.$setDifference),
  $setEquals: ofSets(expression.$setEquals),
  $setIsSubset: ofSets(expression.$setIsSubset),
  $indexOfArray,
  $sortArray,
  $and: (document: AnyObject, operand: unknown, options: Options) =>
    allOf(document, operand, options).every((holds) => holds()),
  $or: (document: AnyObject, operand: unknown, options: Options) =>
    allOf(document, operand, options).some((holds) => holds()),
  $not: (document: AnyObject, operand: unknown, options: Options) =>
    !allOf(document, Array.isArray(operand) ? operand : [operand], options).every((holds) => holds()),
  $anyElementTrue: elements((list) => list.some(isTrue)),
  $allElementsTrue: elements((list) => list.every(isTrue)),
  $cond,
  $switch,
  $filter,
  $in,
  $cmp: comparing('$cmp', Math.sign),
  $eq: comparing('$eq', (difference) => difference === 0),
  $ne: comparing('$ne', (difference) => difference !== 0),
  $gt: comparing('$gt', (difference) => difference > 0),
  $gte: comparing('$gte', (difference) => difference >= 0),
  $lt: comparing('$lt', (difference) => difference < 0),
  $lte: comparing('$lte', (difference) => difference <= 0),
};
