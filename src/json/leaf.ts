import {
  bsonType,
  type Binary,
  type BSONTypeTag,
  type Decimal128,
  type Double,
  type Int32,
  type Long,
  type ObjectId,
} from 'bson';

/**
 * A JSON number beyond a double (its whole part beyond ±2^53, out of range at either end, or taken for
 * another integer), kept as the digits it came as.
 */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The digits, for whatever makes a text of it. */
  toString(): string {
    return this.text;
  }
}

/**
 * The BSON type of a value, also of another copy of `bson`. A document's own `_bsontype` key is only a key.
 */
export function bsonTag(value: object): BSONTypeTag | undefined {
  return (value as { [bsonType]?: BSONTypeTag })[bsonType];
}

/**
 * True for objects that are one value, into which no pointer leads: BSON types, Date, RegExp, Digits, bytes.
 */
export function isLeaf(value: object): boolean {
  return (
    bsonTag(value) !== undefined ||
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof Digits ||
    value instanceof Uint8Array
  );
}

/** The text of a UUID in its usual form with hyphens; undefined for any other Binary. */
export function uuidText(binary: Binary): string | undefined {
  return binary.sub_type === 4 && binary.length() === 16 ? binary.toUUID().toHexString() : undefined;
}

/** The digits of a number; unlike `String`, with the sign of -0.0. */
export function numberText(number: number): string {
  return Object.is(number, -0) ? '-0.0' : String(number);
}

/**
 * The text of a string, number, boolean, id, UUID or date, as `$join` and the params of REST and S3 show it;
 * undefined for anything else.
 */
export function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (value instanceof Digits) return value.text;
  switch (bsonTag(value)) {
    case 'Binary':
      return uuidText(value as Binary);
    case 'ObjectId':
    case 'Long':
    case 'Decimal128':
      return (value as ObjectId | Long | Decimal128).toString();
    case 'Int32':
    case 'Double':
      return numberText((value as Int32 | Double).value);
    default:
      return undefined;
  }
}
