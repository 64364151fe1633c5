import { Binary, Decimal128, Long, ObjectId, UUID } from 'bson';

/** A JSON number that a double cannot hold (an integer beyond ±2^53, or one out of range), kept as the digits it came as. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** True for objects that are one value rather than a container: BSON types, Date, RegExp, Digits. Pointers lead nowhere inside them. */
export function isLeaf(value: object): boolean {
  return '_bsontype' in value || value instanceof Date || value instanceof RegExp || value instanceof Digits || value instanceof Uint8Array;
}

/** The text of a string, number, boolean, id, UUID or date, as `$join`, REST and S3 positions show it; undefined for anything else. */
export function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (value instanceof ObjectId) return value.toHexString();
  if (value instanceof UUID) return value.toString();
  if (value instanceof Binary && value.sub_type === Binary.SUBTYPE_UUID) return value.toUUID().toString();
  if (value instanceof Long || value instanceof Decimal128) return value.toString();
  if (value instanceof Digits) return value.text;
  if (typeof value === 'object' && value !== null && '_bsontype' in value) {
    if (value._bsontype === 'Int32' || value._bsontype === 'Double') return String(value.valueOf());
  }
  return undefined;
}
