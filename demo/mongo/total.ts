import { Decimal128, Long } from 'bson';
import { typeRank } from './compare.ts';
import { add, divided, type Exact, ofDouble, parse, shortened, toDecimal, toDouble } from './decimal.ts';

const NONE: Exact = { digits: 0n, exponent: 0 };

/** True for a number of any of BSON's types. */
export function isNumber(value: unknown): boolean {
  return typeRank(value) === typeRank(0);
}

/** The double next to a number of any type. */
export function doubleOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(String(value));
}

/**
 * The sum of numbers, other values passed over: a Decimal128 where one is among them, else a double, else an
 * integer, which is a Long beyond 2^53.
 */
export function sum(values: readonly unknown[]): number | Long | Decimal128 {
  const numbers = values.filter(isNumber);
  const decimal = numbers.some((value) => value instanceof Decimal128);
  const outside = notFinite(numbers);
  if (outside !== undefined) return decimal ? Decimal128.fromString(String(outside)) : outside;
  if (decimal) return toDecimal(decimalTotal(numbers));
  const total = exactly(numbers);
  const integer = numbers.every((value) => typeof value !== 'number' || Number.isSafeInteger(value));
  const fits = total.exponent === 0 && BigInt.asIntN(64, total.digits) === total.digits;
  const double = toDouble(total);
  return integer && fits && !Number.isSafeInteger(double) ? Long.fromBigInt(total.digits) : double;
}

/** The mean of numbers, others passed over: a Decimal128 where one is among them, null of none. */
export function average(values: readonly unknown[]): number | Decimal128 | null {
  const numbers = values.filter(isNumber);
  if (numbers.length === 0) return null;
  const total = sum(numbers);
  if (!(total instanceof Decimal128)) return doubleOf(total) / numbers.length;
  return notFinite(numbers) === undefined ? divided(decimalTotal(numbers), BigInt(numbers.length)) : total;
}

/** What a sum is that has an infinity or NaN in it. */
function notFinite(numbers: readonly unknown[]): number | undefined {
  const outside = numbers.map(doubleOfText).filter((value) => !Number.isFinite(value));
  return outside.length === 0 ? undefined : outside.reduce((all, value) => all + value);
}

/** A Decimal128 may be finite where no double is. */
function doubleOfText(value: unknown): number {
  return value instanceof Decimal128 ? Number(/NaN|-?Infinity/.exec(value.toString())?.[0] ?? 0) : doubleOf(value);
}

/** As mongod does, those that are not Decimal128 make one double first, if they are not whole. */
function decimalTotal(numbers: readonly unknown[]): Exact {
  const others = exactly(numbers.filter((value) => !(value instanceof Decimal128)));
  const rest = others.exponent < 0 ? ofDouble(toDouble(others)) : others;
  return numbers.reduce<Exact>(
    (total, value) => (value instanceof Decimal128 ? add(total, parse(value.toString())) : total),
    shortened(rest, 0),
  );
}

function exactly(numbers: readonly unknown[]): Exact {
  return numbers.reduce<Exact>((total, value) => add(total, exact(value)), NONE);
}

function exact(value: unknown): Exact {
  return typeof value === 'number' ? ofDouble(value) : parse(String(value));
}
