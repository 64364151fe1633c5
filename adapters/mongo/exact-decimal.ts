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
/** The largest exponent, counted from the least. */
const MOST_BIASED = 12_287;

/** The Decimal128 that these digits stand for; undefined for what it cannot hold exactly. */
export function exactDecimal(text: string): Decimal128 | undefined {
  const [, sign = '', coefficient, fraction = '', exponent = '0'] = DIGITS.exec(text) ?? [];
  if (coefficient === undefined) return undefined;
  const all = coefficient.replace('.', '').replace(/^0+(?=\d)/, '');
  // What does not fit has to be zeros. The library takes some time for each.
  const digits = all.slice(0, PRECISION);
  if (/[1-9]/.test(all.slice(PRECISION))) return undefined;
  const least = Number(exponent) - fraction.length + all.length - digits.length;
  const biased = least - LEAST_EXPONENT;
  if (biased >= 0 && biased <= MOST_BIASED) return decimal(sign, BigInt(digits), BigInt(biased));
  // The library takes a number that is too small for the least one there is.
  if (/[1-9]/.test(digits) && least < LEAST_EXPONENT) return undefined;
  try {
    return Decimal128.fromString(`${sign}${digits}E${least}`);
  } catch {
    return undefined;
  }
}

/**
 * The 16 bytes of a Decimal128, as IEEE 754-2008 has them (§3.5.2, binary encoding): sign, exponent, and 113
 * bits of digits. The library takes twenty times as long, which counts where a list of very many is filled
 * in.
 */
function decimal(sign: string, digits: bigint, biased: bigint): Decimal128 {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, digits), 0);
  bytes.writeBigUInt64LE((sign ? 1n << 63n : 0n) | (biased << 49n) | (digits >> 64n), 8);
  return new Decimal128(bytes);
}
