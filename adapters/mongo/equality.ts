import { Decimal128, type Binary, type Double, type Int32, type Long, type ObjectId } from 'bson';
import { bsonTag } from '../../src/json/leaf.ts';
import { DIGITS } from './exact-decimal.ts';
import { binaryAt, int32, int64, toBuffer } from './bson-reader.ts';

/** More digits than these has no number that is looked at. */
const MOST_DIGITS = 19;

/**
 * A text that two scalars have in common only if they are equal by MongoDB's rules
 * (https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/): 1, 1.0, Long 1 and Decimal128
 * 1.00 have one. Undefined for whatever else than a text, whole number, boolean, id, date or bytes it is.
 */
export function equalityText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'number':
      return wholeText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? undefined : leafText(value);
    default:
      return undefined;
  }
}

/** Whether such a text is a string's: a collation may take two of them for the same. */
export function isText(key: string): boolean {
  return key.startsWith('s');
}

function leafText(value: object): string | undefined {
  if (value instanceof Date) return `d${value.getTime()}`;
  switch (bsonTag(value)) {
    case 'ObjectId':
      return idText(toBuffer((value as ObjectId).id), 0);
    case 'Long':
      return `n${(value as Long).toString()}`;
    case 'Int32':
    case 'Double':
      return wholeText((value as Int32 | Double).value);
    case 'Decimal128':
      return decimalText(value as Decimal128);
    case 'Binary': {
      const { sub_type: subType } = value as Binary;
      return subType === 2 ? undefined : bytesText(subType, Buffer.from((value as Binary).value()).toString('hex'));
    }
    default:
      return undefined;
  }
}

/** The same of a value in BSON. */
export function equalityTextAt(bytes: Buffer, type: number, at: number): string | undefined {
  switch (type) {
    case 0x07:
      return idText(bytes, at);
    case 0x02:
    // A symbol is equal to the text that it is.
    case 0x0e:
      return `s${bytes.toString('utf8', at + 4, at + 3 + int32(bytes, at))}`;
    case 0x10:
      return `n${int32(bytes, at)}`;
    case 0x12:
      return `n${int64(bytes, at)}`;
    case 0x01:
      return wholeText(bytes.readDoubleLE(at));
    case 0x13:
      return decimalText(new Decimal128(Uint8Array.from(bytes.subarray(at, at + 16))));
    case 0x08:
      return bytes[at] === 0 ? 'false' : 'true';
    case 0x09:
      return `d${int64(bytes, at)}`;
    case 0x05: {
      const { subType, start, end } = binaryAt(bytes, at);
      return subType === 2 ? undefined : bytesText(subType, bytes.toString('hex', start, end));
    }
    default:
      return undefined;
  }
}

/** A character for each byte: digits take longer to make, and are twice as many to look for. */
function idText(bytes: Buffer, at: number): string {
  return `o${bytes.toString('latin1', at, at + 12)}`;
}

function bytesText(subType: number, hex: string): string {
  return `b${subType}:${hex}`;
}

/** Up to where a double holds every whole number; those beyond are equal to what their digits do not show. */
function wholeText(number: number): string | undefined {
  return Number.isSafeInteger(number) ? `n${number}` : undefined;
}

function decimalText(decimal: Decimal128): string | undefined {
  const [, sign = '', coefficient = '', , exponent = '0'] = DIGITS.exec(decimal.toString()) ?? [];
  return wholeDecimalText(sign, coefficient, Number(exponent));
}

function wholeDecimalText(sign: string, coefficient: string, exponent: number): string | undefined {
  const [whole = '', fraction = ''] = coefficient.split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return coefficient === '' ? undefined : 'n0';
  const zeros = exponent - fraction.length;
  const tail = zeros < 0 ? digits.slice(zeros) : '0'.repeat(Math.min(zeros, MOST_DIGITS));
  const kept = zeros < 0 ? digits.slice(0, zeros) : digits + tail;
  if (kept === '' || kept.length > MOST_DIGITS || (zeros < 0 && (/[1-9]/.test(tail) || -zeros > digits.length)))
    return undefined;
  return `n${sign === '-' ? '-' : ''}${kept}`;
}
