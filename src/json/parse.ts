import { Digits, isExactInteger } from './leaf.ts';

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

// Sixteen digits that are no fraction, or an exponent of three digits: below these a double takes every number in.
const MAY_NOT_FIT = /(?<![\d.])\d{16}|\d[eE]\+?\d{3}/;
const INTEGER = /^-?\d+$/;

const exact: Reviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || source === undefined) return value;
  const fits = INTEGER.test(source) ? isExactInteger(source) : Number.isFinite(value);
  return fits ? value : new Digits(source);
};

/** Store JSON that was checked (`JsonCheck`), as data: integers beyond ±2^53 and numbers out of a double's range become Digits. */
export function parseExact(text: string): unknown {
  return MAY_NOT_FIT.test(text)
    ? JSON.parse(text, exact as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}
