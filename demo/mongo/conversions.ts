import { Decimal128 } from 'bson';
import { evalExpr } from 'mingo/core';
import * as expression from 'mingo/operators/expression';
import type { AnyObject, ExpressionOperator, Options } from 'mingo/types';
import { onlyOf } from './accumulators.ts';
import { comparer } from './compare.ts';
import { CODE, MongoFailure } from './failure.ts';
import { isNumber } from './total.ts';

const compare = comparer();

/** True for all but null, what is missing, false, and a zero of any type. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  return compare(value, 0) !== 0;
}

/** A double that is no integer has 15 digits as a Decimal128, as mongod has it. */
function toDecimal(value: unknown): unknown {
  if (value instanceof Decimal128) return value;
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()));
  if (typeof value === 'boolean') return Decimal128.fromString(String(Number(value)));
  if (typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value))
    return Decimal128.fromString(value.toPrecision(15));
  if (!isNumber(value) && typeof value !== 'string')
    throw new MongoFailure(CODE.BadValue, 'only numbers, strings, dates and booleans convert to a Decimal128');
  return Decimal128.fromString(String(value));
}

/** Names of types where those of mingo's classes differ. */
const TYPES = new Map([
  ['decimal128', 'decimal'],
  ['objectid', 'objectId'],
  ['binary', 'binData'],
  ['uuid', 'binData'],
  ['bsonregexp', 'regex'],
  ['minkey', 'minKey'],
  ['maxkey', 'maxKey'],
]);

function of(convert: (value: unknown) => unknown): ExpressionOperator {
  return (document: AnyObject, operand: unknown, options: Options) => {
    const given = onlyOf(document, operand, options);
    return given === null || given === undefined ? null : convert(given);
  };
}

const $convert: typeof expression.$convert = (document, operand, options) => {
  const input = evalExpr(document, operand.input, options);
  const to = evalExpr(document, operand.to, options);
  const isBool = to === 'bool' || to === 8;
  if (input === null || input === undefined || !(isBool || to === 'decimal' || to === 19))
    return expression.$convert(document, operand, options);
  try {
    return isBool ? isTrue(input) : toDecimal(input);
  } catch (error) {
    if (operand.onError === undefined) throw error;
    return evalExpr(document, operand.onError, options);
  }
};

/** What tells types and changes them, for BSON's numbers, too. */
export const conversions: Record<string, ExpressionOperator> = {
  $convert,
  $isNumber: (document: AnyObject, operand: unknown, options: Options) =>
    isNumber(evalExpr(document, operand, options)),
  $toBool: of(isTrue),
  $toDecimal: of(toDecimal),
  $type: (document: AnyObject, operand: unknown, options: Options) => {
    const name = expression.$type(document, operand, options);
    return TYPES.get(name) ?? name;
  },
};
