const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** BSON's order puts NaN before everything and the infinities around what is finite. */
const OUTSIDE = new Map([
  ['NaN', -2],
  ['-Infinity', -1],
  ['Infinity', 1],
]);

function parse(text: string): { digits: bigint; exponent: number } {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  return { digits: BigInt(sign + whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** Orders two numbers given as text, exactly: a Long, a Decimal128 and a double compare by value. */
export function compareDecimals(left: string, right: string): number {
  if (OUTSIDE.has(left) || OUTSIDE.has(right)) return (OUTSIDE.get(left) ?? 0) - (OUTSIDE.get(right) ?? 0);
  const a = parse(left);
  const b = parse(right);
  const exponent = Math.min(a.exponent, b.exponent);
  const difference = a.digits * 10n ** BigInt(a.exponent - exponent) - b.digits * 10n ** BigInt(b.exponent - exponent);
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
