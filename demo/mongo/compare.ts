import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import type { CollationSpec } from 'mingo/types';
import { canonicalDecimal, compareDecimals } from './decimal.ts';

/** Orders two BSON values as mongod does: by type first, then by value; 0 means equal. */
export type Compare = (left: unknown, right: unknown) => number;

const NOTHING = 1;
const NUMBER = 2;
const STRING = 3;
const OBJECT = 4;
const ARRAY = 5;

/** A value's place in BSON's order of types; all numbers share one, and so do a missing value and null. */
export function typeRank(value: unknown): number {
  if (value === undefined || value === null) return NOTHING;
  if (typeof value === 'number' || typeof value === 'bigint') return NUMBER;
  if (typeof value === 'string' || value instanceof BSONSymbol) return STRING;
  if (Array.isArray(value)) return ARRAY;
  if (value instanceof Binary) return 6;
  if (value instanceof ObjectId) return 7;
  if (typeof value === 'boolean') return 8;
  if (value instanceof Date) return 9;
  // A Timestamp is a Long to JavaScript but not to BSON.
  if (value instanceof Timestamp) return 10;
  if (value instanceof Long || value instanceof Decimal128 || value instanceof Int32 || value instanceof Double)
    return NUMBER;
  if (value instanceof RegExp || value instanceof BSONRegExp) return 11;
  if (value instanceof MinKey) return 0;
  if (value instanceof MaxKey) return 99;
  return OBJECT;
}

function order<T extends number | string>(left: T, right: T): number {
  return left < right ? -1 : Number(left > right);
}

function bytesOf(value: Binary): Uint8Array {
  return Buffer.concat([Buffer.of(value.sub_type), value.value()]);
}

function patternText(value: unknown): string {
  return value instanceof BSONRegExp ? `/${value.pattern}/${value.options}` : String(value);
}

function numberText(value: unknown): string {
  return String((value as { valueOf(): unknown }).valueOf());
}

/** The comparison for a collation, or the plain one: strings by code unit. */
export function comparer(collation?: CollationSpec): Compare {
  const collator =
    collation && new Intl.Collator(collation.locale === 'simple' ? 'en' : collation.locale, collatorOptions(collation));
  const compare: Compare = (left, right) => {
    const rank = typeRank(left);
    const byType = order(rank, typeRank(right));
    if (byType !== 0 || rank === NOTHING) return byType;
    if (rank === NUMBER) return compareNumbers(left, right);
    if (rank === STRING)
      return collator ? collator.compare(String(left), String(right)) : order(String(left), String(right));
    if (rank === OBJECT) return compareObjects(left as object, right as object, compare);
    if (rank === ARRAY) return compareLists(left as unknown[], right as unknown[], compare);
    if (left instanceof Binary && right instanceof Binary) {
      return order(left.length(), right.length()) || Buffer.compare(bytesOf(left), bytesOf(right));
    }
    if (left instanceof ObjectId && right instanceof ObjectId) return order(left.toHexString(), right.toHexString());
    if (left instanceof Timestamp && right instanceof Timestamp) return left.compare(right);
    if (typeof left === 'boolean' || left instanceof Date) return order(Number(left), Number(right));
    return order(patternText(left), patternText(right));
  };
  return compare;
}

function collatorOptions({ strength = 3, caseLevel, numericOrdering, caseFirst }: CollationSpec): Intl.CollatorOptions {
  const sensitivity = ({ 1: caseLevel ? 'case' : 'base', 2: caseLevel ? 'variant' : 'accent', 3: 'variant' } as const)[
    strength
  ];
  const first = caseFirst === 'off' ? 'false' : caseFirst;
  return { sensitivity, numeric: numericOrdering ?? false, ...(first && { caseFirst: first }) };
}

function compareNumbers(left: unknown, right: unknown): number {
  const plain = typeof left === 'number' && typeof right === 'number';
  if (plain && !Number.isNaN(left) && !Number.isNaN(right)) return order(left, right);
  return compareDecimals(numberText(left), numberText(right));
}

function compareLists(left: readonly unknown[], right: readonly unknown[], compare: Compare): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = compare(left[index], right[index]);
    if (difference !== 0) return difference;
  }
  return order(left.length, right.length);
}

function compareObjects(left: object, right: object, compare: Compare): number {
  const others = Object.entries(right);
  const members = Object.entries(left);
  for (const [index, [name, value]] of members.entries()) {
    const other = others[index];
    if (!other) return 1;
    const difference = order(typeRank(value), typeRank(other[1])) || order(name, other[0]) || compare(value, other[1]);
    if (difference !== 0) return difference;
  }
  return order(members.length, others.length);
}

/** A text that two values share exactly if the plain comparison finds them equal; for maps and sets. */
export function keyOf(value: unknown): string {
  const rank = typeRank(value);
  if (rank === NOTHING) return 'null';
  if (rank === NUMBER) return Number.isSafeInteger(value) ? `n${value as number}` : numberKey(numberText(value));
  if (rank === STRING) return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`;
  if (value instanceof Binary) return `b${Buffer.from(bytesOf(value)).toString('hex')}`;
  if (value instanceof ObjectId) return `o${value.toHexString()}`;
  if (value instanceof Date) return `d${value.getTime()}`;
  if (rank === OBJECT)
    return `{${Object.entries(value as object)
      .map(([name, member]) => `${JSON.stringify(name)}:${keyOf(member)}`)
      .join()}}`;
  return `${rank}:${patternText(value)}`;
}

function numberKey(text: string): string {
  // A Decimal128 such as 5.0 must share the key of the plain 5, which takes the short way.
  const plain = Number(text);
  const canonical = canonicalDecimal(text);
  return Number.isSafeInteger(plain) && canonical === canonicalDecimal(String(plain)) ? `n${plain}` : `n${canonical}`;
}
