import { Decimal128 } from 'bson';

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** BSON's order puts NaN before everything and the infinities around what is finite. */
const OUTSIDE = new Map([
  ['NaN', -2],
  ['-Infinity', -1],
  ['Infinity', 1],
]);

/** Digits of a Decimal128. */
const PRECISION = 34;

/** A finite number: its digits times ten to its exponent. */
export interface Exact {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The number that a text stands for. */
export function parse(text: string): Exact {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  return { digits: BigInt(sign + whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** What a double is to its last binary digit: 0.1 is a little more than a tenth. */
export function ofDouble(value: number): Exact {
  let halvings = 0;
  for (; !Number.isInteger(value); value *= 2) halvings += 1;
  return { digits: BigInt(value) * 5n ** BigInt(halvings), exponent: -halvings };
}

/** The double next to a number. */
export function toDouble({ digits, exponent }: Exact): number {
  return Number(`${digits}e${exponent}`);
}

/** A number without what is behind its point. */
export function truncated({ digits, exponent }: Exact): bigint {
  return exponent < 0 ? digits / 10n ** BigInt(-exponent) : digits * 10n ** BigInt(exponent);
}

/** The sum, to its last digit. */
export function add(left: Exact, right: Exact): Exact {
  const exponent = Math.min(left.exponent, right.exponent);
  return { digits: raised(left, exponent) + raised(right, exponent), exponent };
}

/** The quotient as a Decimal128: with the places behind the point that it needs, or that the number had. */
export function divided({ digits, exponent }: Exact, divisor: bigint): Decimal128 {
  const places = PRECISION + String(divisor).length + 1;
  const whole = digits * 10n ** BigInt(places);
  if (whole % divisor === 0n)
    return toDecimal(shortened({ digits: whole / divisor, exponent: exponent - places }, exponent));
  // One more digit tells that the quotient goes on, so that it is no tie.
  const more = { digits: (whole / divisor) * 10n + (digits < 0n ? -1n : 1n), exponent: exponent - places - 1 };
  return toDecimal(more);
}

/** A number without the zeros at its end, as long as its exponent stays below a bound. */
export function shortened({ digits, exponent }: Exact, bound: number): Exact {
  while (exponent < bound && digits % 10n === 0n) {
    digits /= 10n;
    exponent += 1;
  }
  return { digits, exponent };
}

/** The nearest Decimal128; of two that are as near, the even one. */
export function toDecimal({ digits, exponent }: Exact): Decimal128 {
  const size = digits < 0n ? -digits : digits;
  const excess = Math.max(String(size).length - PRECISION, 0);
  const unit = 10n ** BigInt(excess);
  const [kept, twice] = [size / unit, (size % unit) * 2n];
  const nearest = twice > unit || (twice === unit && kept % 2n === 1n) ? kept + 1n : kept;
  const whole = nearest === 10n ** BigInt(PRECISION);
  return Decimal128.fromString(
    `${digits < 0n ? '-' : ''}${whole ? nearest / 10n : nearest}E${exponent + excess + Number(whole)}`,
  );
}

function raised({ digits, exponent }: Exact, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}

/** Orders two numbers given as text, exactly: a Long, a Decimal128 and a double compare by value. */
export function compareDecimals(left: string, right: string): number {
  if (OUTSIDE.has(left) || OUTSIDE.has(right)) return (OUTSIDE.get(left) ?? 0) - (OUTSIDE.get(right) ?? 0);
  const a = parse(left);
  const b = parse(right);
  const exponent = Math.min(a.exponent, b.exponent);
  const difference = raised(a, exponent) - raised(b, exponent);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** One text for all ways of writing a number: `1.50`, `1.5` and `15E-1` are `15e-1`. */
export function canonicalDecimal(text: string): string {
  if (OUTSIDE.has(text)) return text;
  const { digits, exponent } = parse(text);
  const stripped = String(digits).replace(/0+$/, '');
  return stripped === '' || stripped === '-'
    ? '0e0'
    : `${stripped}e${exponent + String(digits).length - stripped.length}`;
}
