import type { Binary, BSONRegExp, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { exactInteger } from './digits.ts';
import { isExact, isUnrounded } from './exact.ts';
import { isoText } from './iso-text.ts';
import { bsonTag, Digits, numberText, uuidText } from './leaf.ts';

/** How typed values are written: as plain JSON, or as Extended JSON v2, relaxed or canonical. */
export type Mode = 'plain' | 'relaxed' | 'canonical';

// The JSON text of each type, the same whether it is read from BSON's bytes or from a value.

/** A 32-bit integer. */
export function intText(number: number, mode: Mode): string {
  return mode === 'canonical' ? `{"$numberInt":"${number}"}` : String(number);
}

/** A double. */
export function doubleText(number: number, mode: Mode): string {
  if (mode === 'canonical') {
    const isWhole = Number.isInteger(number) && !Object.is(number, -0);
    return `{"$numberDouble":"${isWhole ? number.toFixed(1) : numberText(number)}"}`;
  }
  if (Number.isFinite(number)) return numberText(number);
  return mode === 'plain' ? `"${number}"` : `{"$numberDouble":"${number}"}`;
}

/** A 64-bit integer. Relaxed Extended JSON keeps every digit of it. */
export function longText(number: number | bigint, mode: Mode): string {
  if (mode === 'canonical') return `{"$numberLong":"${number}"}`;
  return mode === 'relaxed' || isExact(number) ? String(number) : `"${number}"`;
}

/** A number without a type: the smallest that holds it. */
export function untypedText(number: number, mode: Mode): string {
  if (mode !== 'canonical') return doubleText(number, mode);
  if (isInt64(number)) return longText(BigInt(number), mode);
  return number === (number | 0) && !Object.is(number, -0) ? intText(number, mode) : doubleText(number, mode);
}

/** Whether the smallest type that holds a number is a 64-bit integer. */
export function isInt64(number: number): boolean {
  return Number.isInteger(number) && number !== (number | 0) && Math.abs(number) < 2 ** 63;
}

/** A Decimal128, by its digits. */
export function decimalText(digits: string, mode: Mode): string {
  return mode === 'plain' ? `"${digits}"` : `{"$numberDecimal":"${digits}"}`;
}

/** An ObjectId, by its hex digits. */
function idText(hex: string, mode: Mode): string {
  return mode === 'plain' ? `"${hex}"` : `{"$oid":"${hex}"}`;
}

const YEAR_10000 = 253_402_300_800_000;
/** The most milliseconds from 1970 that JavaScript's Date reaches, either way. */
export const MOST_DATE = 8_640_000_000_000_000;

/** A date, in milliseconds from 1970. */
export function dateText(milliseconds: number | bigint, mode: Mode): string {
  const holds =
    mode === 'plain'
      ? -MOST_DATE <= milliseconds && milliseconds <= MOST_DATE
      : 0 <= milliseconds && milliseconds < YEAR_10000;
  if (mode === 'canonical' || !holds) return `{"$date":{"$numberLong":"${milliseconds}"}}`;
  const iso = isoText(Number(milliseconds));
  return mode === 'plain' ? `"${iso}"` : `{"$date":"${iso.endsWith('.000Z') ? iso.replace('.000Z', 'Z') : iso}"}`;
}

/** Binary data, by its base64; a UUID has its own text in plain JSON. */
export function binaryText(base64: string, subType: number, mode: Mode): string {
  if (mode === 'plain') return `"${base64}"`;
  return `{"$binary":{"base64":"${base64}","subType":"${subType.toString(16).padStart(2, '0')}"}}`;
}

/** A timestamp: seconds from 1970, and a count within the second. */
export function timestampText(t: number, i: number): string {
  return `{"$timestamp":{"t":${t},"i":${i}}}`;
}

/** What is less than all else. */
export const MIN_KEY_TEXT = '{"$minKey":1}';
/** What is greater than all else. */
export const MAX_KEY_TEXT = '{"$maxKey":1}';

/** BSON's undefined, an old type. */
export function undefinedText(mode: Mode): string {
  return mode === 'plain' ? 'null' : '{"$undefined":true}';
}

/** A number that no double holds. Extended JSON has no type for one that no Decimal128 holds either. */
function digitsText(digits: string, mode: Mode): string {
  if (mode !== 'canonical') return digits;
  return exactInteger(digits, 64) === undefined ? decimalText(digits, mode) : `{"$numberLong":"${digits}"}`;
}

/** A leaf, as a value. */
export function leafText(value: object, mode: Mode): string {
  if (value instanceof Digits) return digitsText(value.text, mode);
  if (value instanceof Date) return dateText(value.getTime(), mode);
  switch (bsonTag(value)) {
    case 'ObjectId':
      return idText((value as ObjectId).toHexString(), mode);
    case 'Long':
      return longText(int64Of(value as Long), mode);
    case 'Int32':
      return intText((value as Int32).value, mode);
    case 'Double':
      return doubleText((value as Double).value, mode);
    case 'Decimal128':
      return decimalText((value as Decimal128).toString(), mode);
    case 'Binary':
      return binaryValueText(value as Binary, mode);
    case 'Timestamp':
      return timestampText((value as Timestamp).t, (value as Timestamp).i);
    case 'MinKey':
      return MIN_KEY_TEXT;
    case 'MaxKey':
      return MAX_KEY_TEXT;
    case 'BSONRegExp': {
      const { pattern, options } = value as BSONRegExp;
      return `{"$regularExpression":${JSON.stringify({ pattern, options })}}`;
    }
    default:
      throw new TypeError('no type that is read from a store');
  }
}

/** A bigint, which is slow, only where a number does not hold it. */
function int64Of(long: Long): number | bigint {
  const number = long.toNumber();
  return isUnrounded(number) ? number : long.toBigInt();
}

function binaryValueText(value: Binary, mode: Mode): string {
  const uuid = mode === 'plain' ? uuidText(value) : undefined;
  return uuid === undefined ? binaryText(value.toString('base64'), value.sub_type, mode) : `"${uuid}"`;
}
