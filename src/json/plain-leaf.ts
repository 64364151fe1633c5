import {
  Binary,
  BSONRegExp,
  EJSON,
  type Code,
  type DBRef,
  type Decimal128,
  type Double,
  type Int32,
  type Long,
  type ObjectId,
} from 'bson';
import { bsonTag, isExactInteger, uuidText } from './leaf.ts';

/** An integer's digits as plain JSON shows them: a number within ±2^53, else a string. */
export function plainInteger(digits: string): number | string {
  return isExactInteger(digits) ? Number(digits) : digits;
}

/** A number as plain JSON shows it: NaN and ±Infinity, which JSON has no number for, are strings. */
export function plainNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/**
 * One typed value as plain JSON shows it (CONTRACT §2): its id, date, digits, UUID or base64 as a string, else relaxed Extended JSON.
 * What a Code or DBRef holds is still typed. Digits are not for this function: a JSON number writes them as they are.
 */
export function plainLeaf(value: object): unknown {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  const bson = toBson(value);
  switch (bsonTag(bson)) {
    case 'ObjectId':
    case 'Decimal128':
      return (bson as ObjectId | Decimal128).toString();
    case 'Long':
      return plainInteger((bson as Long).toString());
    case 'Int32':
    case 'Double':
      return plainNumber((bson as Int32 | Double).value);
    case 'Binary':
      return uuidText(bson as Binary) ?? (bson as Binary).toString('base64');
    case 'Code':
    case 'DBRef':
      return membersOf(bson as Code | DBRef);
    default:
      return EJSON.serialize(bson, { relaxed: true });
  }
}

/** The object that a Code or a DBRef is in Extended JSON, its members still typed. */
export function membersOf(value: Code | DBRef): object {
  if (value._bsontype === 'Code')
    return value.scope ? { $code: value.code, $scope: value.scope } : { $code: value.code };
  return { $ref: value.collection, $id: value.oid, ...(value.db ? { $db: value.db } : {}), ...value.fields };
}

/** A leaf of JavaScript's own as the BSON value it is stored as; Extended JSON knows no bare bytes, and not all flags of a RegExp. */
export function toBson(value: object): object {
  if (value instanceof Uint8Array) return new Binary(value);
  if (!(value instanceof RegExp)) return value;
  // The driver reads BSON's option `s` as the flag `g`.
  const options = value.flags.replace('g', 's').replace(/[^imsu]/g, '');
  return new BSONRegExp(value.source, [...new Set(options)].join(''));
}
