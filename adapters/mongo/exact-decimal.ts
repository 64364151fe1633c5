import { Decimal128 } from 'bson';

/**
 * A decimal number: its sign, its digits, those after the point, and its exponent. There is one way alone
 * to read each text: a long one that does not fit must not be tried in every way.
 */
export const DIGITS = /^(-?)(?=\.?\d)(\d*(?:\.(\d*))?)(?:[eE]([+-]?\d+))?$/;

/** The exponent of the least Decimal128 (IEEE 754-2008). */
const LEAST_EXPONENT = -6176;
/** Digits of a Decimal128. */
const PRECISION = 34;

/** The Decimal128 that these digits stand for; undefined for what it cannot hold exactly. */
export function exactDecimal(text: string): Decimal128 | undefined {
  const [, sign = '', coefficient, fraction = '', exponent = '0'] = DIGITS.exec(text) ?? [];
  if (coefficient === undefined) return undefined;
  const least = Number(exponent) - fraction.length;
  // The library takes a number that is too small for the least one there is.
  if (/[1-9]/.test(coefficient) && least < LEAST_EXPONENT) return undefined;
  // It takes time by the square of the digits before a point.
  const long = coefficient.length - fraction.length > PRECISION;
  try {
    return Decimal128.fromString(long ? `${sign}${coefficient.replace('.', '')}E${least}` : text);
  } catch {
    return undefined;
  }
}
