import { isOutOfRange, losesFraction, valueOfDigits } from './digits.ts';
import { isBeyondExact } from './exact.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Characters of a number without an exponent that a double holds whatever they are. */
export const SURE = 15;
/** What carries the digits: a wrapper of Extended JSON does so to MongoDB alone. */
const LONG = 'where a string is allowed write one, or in the params of a MongoDB query {"$numberLong": "…"}';
const DECIMAL = 'where a string is allowed write one, or in the params of a MongoDB query {"$numberDecimal": "…"}';

/** Digits of the largest double, about as many as zeros before those of the least. */
const MOST_DIGITS = 308;

/**
 * What a double would change of a number that is longer than sure or has an exponent, and is written in JSON
 * from `first`, behind its sign, up to `end`: its whole part ends at `wholeEnd`, its fraction at
 * `fractionEnd`. One with an exponent is meant to be a double, and so is each to who `keepsDigits` of others.
 */
export function numberFault(
  body: Buffer,
  first: number,
  wholeEnd: number,
  fractionEnd: number,
  end: number,
  keepsDigits: boolean,
): string | undefined {
  const wholeDigits = wholeEnd - first;
  const hasExponent = end > fractionEnd;
  const mayChange = !hasExponent && !keepsDigits;
  if (mayChange && wholeDigits > SURE && isBeyondExact(body, first, wholeEnd)) {
    return end === wholeEnd
      ? `an integer beyond ±2^53: ${LONG}`
      : `a number whose whole part is beyond ±2^53: ${DECIMAL}`;
  }
  const exponent = hasExponent ? exponentAt(body, fractionEnd + 1, end) : 0;
  const mayNotFit = wholeDigits + exponent > MOST_DIGITS || fractionEnd - wholeEnd - exponent > MOST_DIGITS;
  if (mayNotFit && isOutOfRange(body.toString('latin1', first, end))) return 'a number out of range';
  if (
    mayChange &&
    end > wholeEnd &&
    isNearInteger(body, wholeEnd + 1, first + SURE + 1) &&
    losesFraction(body.toString('latin1', first, end))
  )
    return `a number whose fraction a double does not hold: ${DECIMAL}`;
  return undefined;
}

/** Whether a fraction begins, up to where a double may end, with nothing but noughts or nothing but nines. */
function isNearInteger(body: Buffer, start: number, end: number): boolean {
  const tenth = body[start];
  if (tenth !== ZERO && tenth !== NINE) return start >= end;
  for (let at = start + 1; at < end; at++) if (body[at] !== tenth) return false;
  return true;
}

function exponentAt(body: Buffer, start: number, end: number): number {
  const sign = body[start];
  const value = valueOfDigits(body, sign === PLUS || sign === MINUS ? start + 1 : start, end);
  return sign === MINUS ? -value : value;
}
