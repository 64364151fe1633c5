import { Binary } from 'bson';
import { compareDecimals, parse, truncated } from './decimal.ts';
import { CODE, MongoFailure } from './failure.ts';
import { isNumber } from './total.ts';

const BEYOND = String(2n ** 63n);

/** A number of any type without its fraction, towards zero; undefined for what no long holds. */
function towardsZero(value: unknown): bigint | undefined {
  const text = String(value);
  if (!isNumber(value) || /NaN|Infinity/.test(text)) return undefined;
  if (compareDecimals(text, BEYOND) >= 0 || compareDecimals(text, `-${BEYOND}`) < 0) return undefined;
  return truncated(parse(text));
}

/** A number of any type as an integer; undefined for what is none, or what no long holds. */
export function wholeOf(value: unknown): bigint | undefined {
  const whole = towardsZero(value);
  return whole !== undefined && compareDecimals(String(value), String(whole)) === 0 ? whole : undefined;
}

/** The test of `$mod`: both sides without their fractions, the remainder with the dividend's sign. */
export function modulo(operand: unknown): (value: unknown) => boolean {
  const [divisor, remainder] = Array.isArray(operand) && operand.length === 2 ? operand.map(towardsZero) : [];
  if (divisor === undefined || remainder === undefined || divisor === 0n)
    throw new MongoFailure(CODE.BadValue, '$mod needs an array of a divisor, which is not 0, and a remainder');
  return (value) => {
    const dividend = towardsZero(value);
    return dividend !== undefined && dividend % divisor === remainder;
  };
}

function bitsOf(value: unknown): bigint | undefined {
  if (!(value instanceof Binary)) return wholeOf(value);
  return BigInt(`0x0${Buffer.from(value.value().toReversed()).toString('hex')}`);
}

function maskOf(operand: unknown): bigint {
  const bits = Array.isArray(operand) ? operand.map(wholeOf) : [bitsOf(operand)];
  return bits.reduce<bigint>((mask, bit) => {
    if (bit === undefined || bit < 0n || (Array.isArray(operand) && bit > 0xffffffffn))
      throw new MongoFailure(CODE.BadValue, 'a bit mask is a number that is not negative, a list of such, or binary');
    return mask | (Array.isArray(operand) ? 1n << bit : bit);
  }, 0n);
}

/** The test of an operator that looks at bits: of whole numbers, their sign extended, and of binaries. */
export function bits(
  holds: (common: bigint, mask: bigint) => boolean,
): (operand: unknown) => (value: unknown) => boolean {
  return (operand) => {
    const mask = maskOf(operand);
    return (value) => {
      const given = bitsOf(value);
      return given !== undefined && holds(given & mask, mask);
    };
  };
}
