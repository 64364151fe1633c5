import { Double } from 'bson';
import { isWrittenAs } from '../../src/json/digits.ts';
import { DIGITS } from './exact-decimal.ts';

/**
 * The double that these digits stand for; undefined for what it cannot hold: what is out of range, an integer
 * that would be another one, a fraction of which nothing would be left. Other fractions are those of the
 * nearest double, and one with an exponent is taken as it is: so doubles are written.
 */
export function exactDouble(text: string): Double | undefined {
  const [, , coefficient, fraction = '', exponent] = DIGITS.exec(text) ?? [];
  if (coefficient === undefined) return undefined;
  const value = Number(text);
  const size = Math.abs(value);
  // Beyond the largest double, or so small that nothing but zero is left of it.
  if (size === Infinity || (size === 0 && /[1-9]/.test(coefficient))) return undefined;
  if (exponent !== undefined || !Number.isInteger(value)) return new Double(value);
  if (/[1-9]/.test(fraction)) return undefined;
  const whole = coefficient.replace(/\..*$/, '').replace(/^0+(?=\d)/, '') || '0';
  return isWrittenAs(size, whole) ? new Double(value) : undefined;
}
