/** The value of the ASCII digits from `start` up to `end`. */
export function valueOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] as number) - 0x30;
  return value;
}

/** Whether a double takes a number, as JSON writes it, for an infinite one, or for zero though it is none. */
export function isOutOfRange(text: string): boolean {
  const number = Number(text);
  return number === 0 ? /^[^eE]*[1-9]/.test(text) : !Number.isFinite(number);
}

/**
 * Whether a double takes a number that has a fraction, and no exponent, for one that has none. Fifteen digits
 * it always holds.
 */
export function losesFraction(text: string): boolean {
  return Number.isInteger(Number(text)) && /\.0*[1-9]/.test(text);
}

/**
 * One text for all the ways in which JSON may write a number: its digits, and the power of ten of the last.
 * One whose exponent is beyond ±2^53 is as it is written.
 */
export function decimalOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  const power = Number(exponent) + digits.length - end - fraction.length;
  return Number.isSafeInteger(power) ? `${sign}${digits.slice(0, end)}e${power}` : text;
}

/** Digits that `toPrecision` has at most. */
const MOST_PRECISION = 100;

/**
 * Whether this is how some writer tells a double that is an integer: by as few digits as tell it from others,
 * by all that it has, or rounded to as many as there are (`%.17g`).
 */
export function isWrittenAs(double: number, text: string): boolean {
  const shortest = String(double);
  if (shortest === text) return true;
  const decimal = decimalOf(text);
  if (decimalOf(shortest) === decimal) return true;
  const precision = text.replace(/[eE].*$/, '').replace(/^[-0.]+|\./g, '').length;
  return decimalOf(precision > MOST_PRECISION ? String(BigInt(double)) : double.toPrecision(precision)) === decimal;
}

/** The integer of so many bits that these digits stand for; undefined for what these cannot hold. */
export function exactInteger(text: string, bits: 32 | 64): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const integer = BigInt(text);
  return BigInt.asIntN(bits, integer) === integer ? integer : undefined;
}
