import { type Context, defaultOperators, type LiquidOptions, toValue } from 'liquidjs';
import { Digits } from '../../json/leaf.ts';
import { boundsOf } from './bounds.ts';

type Operators = NonNullable<LiquidOptions['operators']>;
type BinaryOperator = (one: unknown, other: unknown, context: Context) => ReturnType<Operators[string]>;

/** What has an order. */
export type Scalar = string | number | boolean;

/** A value that has an order; undefined for nil, lists and objects, which JavaScript would make texts of. */
export function scalarOf(value: unknown): Scalar | undefined {
  const plain: unknown = toValue(value);
  if (plain instanceof Digits) return plain.text;
  return typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean' ? plain : undefined;
}

function comparing(holds: (one: Scalar, other: Scalar) => boolean): (one: unknown, other: unknown) => boolean {
  return (one, other) => {
    const a = scalarOf(one);
    const b = scalarOf(other);
    return a !== undefined && b !== undefined && holds(a, b);
  };
}

/** Whether a list has a member, or a text a part. */
const contains: BinaryOperator = (whole, part, context) => {
  const text = scalarOf(whole);
  if (typeof text !== 'string') return (defaultOperators['contains'] as BinaryOperator)(whole, part, context);
  const scalar = scalarOf(part);
  if (scalar === undefined) return false;
  const sought = String(scalar);
  boundsOf(context).search(text, sought);
  return text.includes(sought);
};

/** LiquidJS's own operators; `<` and the like hold between texts, numbers and booleans alone. */
export const operators: Operators = {
  ...defaultOperators,
  contains,
  '<': comparing((one, other) => one < other),
  '>': comparing((one, other) => one > other),
  '<=': comparing((one, other) => one <= other),
  '>=': comparing((one, other) => one >= other),
};
