import { evalExpr } from 'mingo/core';
import * as expression from 'mingo/operators/expression';
import type { AnyObject, ExpressionOperator, Options } from 'mingo/types';
import { comparer } from './compare.ts';
import { CODE, MongoFailure } from './failure.ts';

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

/** mingo's expressions, their comparisons by BSON's rules. */
export const expressions: Record<string, ExpressionOperator> = {
  ...(expression as unknown as Record<string, ExpressionOperator>),
  $in,
  $cmp: comparing('$cmp', Math.sign),
  $eq: comparing('$eq', (difference) => difference === 0),
  $ne: comparing('$ne', (difference) => difference !== 0),
  $gt: comparing('$gt', (difference) => difference > 0),
  $gte: comparing('$gte', (difference) => difference >= 0),
  $lt: comparing('$lt', (difference) => difference < 0),
  $lte: comparing('$lte', (difference) => difference <= 0),
};
