import { Long } from 'bson';
import { exactInteger } from '../../src/json/digits.ts';
import { bsonTag, Digits, isLeaf } from '../../src/json/leaf.ts';
import { entriesOf, put } from '../../src/json/members.ts';
import type { Filled } from '../../src/store/placeholder.ts';
import { exactDecimal } from './exact-decimal.ts';
import { type FillingRoom, NotData } from './filling-room.ts';
import { untyped } from './untyped.ts';
import { isMalformedVector } from './vector.ts';
import { isSendable } from './walk.ts';

const MOST_DEPTH = 100;

const DATA: ReadonlySet<unknown> = new Set([
  'ObjectId',
  'Long',
  'Int32',
  'Double',
  'Decimal128',
  'Binary',
  'Timestamp',
  'MinKey',
  'MaxKey',
]);

/**
 * A filled-in value as it is sent to the store: data alone. Throws NotData for what the store would read as
 * more than that, and where there is no room for it.
 */
export function dataOf(filled: Filled, room: FillingRoom): unknown {
  return data(filled.value, MOST_DEPTH, room);
}

function data(value: unknown, depth: number, room: FillingRoom): unknown {
  room.take(value);
  if (typeof value !== 'object' || value === null) {
    if (value === undefined) throw new NotData('what was filled in cannot be sent to the store');
    if (typeof value === 'string' && !value.isWellFormed())
      throw new NotData('a filled-in text has a lone surrogate, which the store cannot hold');
    return untyped(value);
  }
  if (depth === 0) throw new NotData('what was filled in is nested too deep');
  if (Array.isArray(value)) return value.map((member) => data(member, depth - 1, room));
  if (value instanceof Digits) return numberOf(value);
  if (isLeaf(value)) return leaf(value);
  let copy: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (key.startsWith('$')) throw new NotData('a filled-in value may not hold a key that begins with $');
    if (!isSendable(key)) throw new NotData('a filled-in value holds a key that cannot be sent to the store');
    room.takeKey(key);
    copy = put(copy, key, data(member, depth - 1, room));
  }
  return copy;
}

function leaf(value: object): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new NotData('a filled-in value may not hold an invalid date');
  } else if (!DATA.has(bsonTag(value))) {
    throw new NotData('a filled-in value may not hold a regular expression, code or a DBRef');
  } else if (isMalformedVector(value)) {
    throw new NotData('a filled-in value may not hold a malformed vector');
  }
  return value;
}

function numberOf({ text }: Digits): unknown {
  const integer = exactInteger(text, 64);
  if (integer !== undefined) return Long.fromBigInt(integer);
  const decimal = exactDecimal(text);
  if (!decimal) throw new NotData('a filled-in number has more digits than the store can hold');
  return decimal;
}
