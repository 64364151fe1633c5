import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'bson';
import { exactInteger } from '../../src/json/digits.ts';
import { bsonTag, toText } from '../../src/json/leaf.ts';
import { firstKeyOf, keysOf, memberOf, onlyKeyOf, valuesOf } from '../../src/json/members.ts';
import { choice } from '../../src/store/choice.ts';
import { Filled, isHole, isPlainReference, Placeholder } from '../../src/store/placeholder.ts';
import { exactDecimal } from './exact-decimal.ts';
import { exactDouble } from './exact-double.ts';
import type { FillingRoom } from './filling-room.ts';
import { isMalformedVector } from './vector.ts';
import { isFields, type Fields, type Walk } from './walk.ts';

const UINT32_MOST = 2 ** 32 - 1;
/** The most characters of a pattern, before what is filled in is escaped: MongoDB takes no more. */
export const MOST_PATTERN = 32_764;

/**
 * Reads one wrapper of Extended JSON v2 exactly: `argument` is what stands under its key. Answers undefined
 * for what does not read. A reference inside a wrapper is its text once filled in, taken out of `room`; until
 * then anything fits.
 */
type Wrapper = (argument: unknown, room: FillingRoom) => unknown;

/** Of the wrappers the one that has an operator in it. */
const PATTERN = '$regularExpression';

const WRAPPERS: Readonly<Record<string, { readonly read: Wrapper; readonly holds: string }>> = {
  $oid: {
    holds: 'a string of 24 hexadecimal digits',
    read: text((it) => (ObjectId.isValid(it) ? new ObjectId(it) : undefined)),
  },
  $date: { holds: 'a date of ISO 8601 with its time zone, or {"$numberLong": milliseconds}', read: date },
  $numberInt: { holds: 'the digits of a 32-bit integer', read: integer(32, (it) => new Int32(Number(it))) },
  $numberLong: { holds: 'the digits of a 64-bit integer', read: integer(64, (it) => Long.fromBigInt(it)) },
  $numberDouble: {
    holds: 'the digits of a number that a double holds, "NaN", "Infinity" or "-Infinity"',
    read: text(double),
  },
  $numberDecimal: { holds: 'the digits of a Decimal128, "NaN", "Infinity" or "-Infinity"', read: text(decimal) },
  $binary: { holds: 'base64 and subType, of a vector one that is well-formed', read: binary },
  $uuid: {
    holds: 'a UUID with its hyphens',
    read: text((it) => (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(it) ? new UUID(it) : undefined)),
  },
  $timestamp: { holds: 't and i, two unsigned 32-bit integers', read: timestamp },
  $minKey: { holds: '1', read: (it) => (it === 1 ? new MinKey() : undefined) },
  $maxKey: { holds: '1', read: (it) => (it === 1 ? new MaxKey() : undefined) },
  [PATTERN]: {
    holds: `a pattern of at most ${MOST_PATTERN} characters and options of i, m, s, u and x, two strings`,
    read: regularExpression,
  },
};

/** Said to who writes a filter or pipeline: types by the names that a description has for them. */
export const NOTATION =
  'Answers show an objectId, a date, a decimal, a UUID and a long beyond 2^53 as text, but no text matches them. ' +
  'Write {"$oid": "24 hex digits"}, {"$date": "2026-01-31T00:00:00Z"}, {"$numberDecimal": "1.50"}, {"$uuid": "…"} and ' +
  '{"$numberLong": "digits"}; a {"$result": …} of another mongo query keeps its type.';

/** Stands for a wrapper whose text is not known yet. */
const UNKNOWN = Symbol('unknown');

/** True if the first key of an object is one of Extended JSON's wrappers. */
export function isWrapper(value: Fields): boolean {
  const first = firstKeyOf(value);
  return first !== undefined && Object.hasOwn(WRAPPERS, first);
}

/** The wrappers that may stand for data. */
export function wrappersFor(walk: Walk): readonly string[] {
  return Object.keys(WRAPPERS).filter((name) => name !== PATTERN || walk.lists.operators.has('$regex'));
}

/** Reads a wrapper, whose first key `isWrapper` found. One whose text is not known yet stays as it is. */
export function readWrapper(walk: Walk, value: Fields): unknown {
  const key = onlyKeyOf(value);
  if (key === undefined) return otherKeys(walk, value);
  const wrapper = WRAPPERS[key]!;
  const given = memberOf(value, key);
  if (!mayStand(walk, key, given)) {
    if (walk.lists.operators.has('$regex')) return walk.faultAt(key, 'a pattern whose options are "" is allowed here');
    return walk.faultAt(key, `this type is not allowed; ${choice(wrappersFor(walk))}`);
  }
  return walk.at(key, given, (_, argument) => {
    if (containsHole(argument) && !walk.mayHole()) return null;
    const read = walk.filling(() => wrapper.read(argument, walk.room));
    if (read === undefined) return walk.fault(`allowed here: ${wrapper.holds}`);
    return read === UNKNOWN ? value : read;
  });
}

function otherKeys(walk: Walk, value: Fields): null {
  const [key, ...others] = keysOf(value);
  for (const other of others) walk.faultAt(other, `nothing may stand beside ${key}`);
  return null;
}

/** A pattern is `$regex` written as a value, and has its `$options` in it: it may stand where these may. */
function mayStand(walk: Walk, key: string, argument: unknown): boolean {
  const { operators } = walk.lists;
  if (key !== PATTERN) return true;
  const plain = isFields(argument) && memberOf(argument, 'options') === '';
  return operators.has('$regex') && (plain || operators.has('$options'));
}

function containsHole(value: unknown): boolean {
  return isHole(value) || (isFields(value) && valuesOf(value).some(containsHole));
}

/** A wrapper made of one text, which may be filled in; `take` takes it out of the room. */
function text(read: (text: string) => unknown, take: 'take' | 'takeRead' = 'takeRead'): Wrapper {
  return (argument, room) => {
    if (argument instanceof Placeholder) return UNKNOWN;
    if (!(argument instanceof Filled)) return typeof argument === 'string' ? read(argument) : undefined;
    const known = toText(argument.value);
    if (known === undefined) return undefined;
    room[take](known);
    return read(known);
  };
}

function integer(bits: 32 | 64, make: (value: bigint) => unknown): Wrapper {
  return text((it) => {
    const value = exactInteger(it, bits);
    return value === undefined ? undefined : make(value);
  });
}

const NOT_FINITE: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

function double(it: string): unknown {
  return NOT_FINITE.has(it) ? new Double(Number(it)) : exactDouble(it);
}

function decimal(it: string): unknown {
  return NOT_FINITE.has(it) ? Decimal128.fromString(it) : exactDecimal(it);
}

// To the millisecond, which is what the store holds.
const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,3}0{0,6})?)?(Z|[+-]\d{2}:?\d{2})$/;

function date(argument: unknown, room: FillingRoom): unknown {
  if (isFields(argument)) {
    if (keysOf(argument).join() !== '$numberLong') return undefined;
    const long = integer(64, Number)(memberOf(argument, '$numberLong'), room);
    if (typeof long !== 'number') return long;
    const value = new Date(long);
    return Number.isNaN(value.getTime()) ? undefined : value;
  }
  return text((it) => {
    const parts = ISO_8601.exec(it);
    if (!parts) return undefined;
    const [, year, month, day] = parts.map(Number);
    const last = new Date(0);
    // `Date` reads 30 February as 1 or 2 March, and `Date.UTC` the years to 99 as 1900 to 1999.
    last.setUTCFullYear(year ?? 0, month ?? 0, 0);
    if (day === undefined || day > last.getUTCDate()) return undefined;
    const value = new Date(it);
    return Number.isNaN(value.getTime()) ? undefined : value;
  })(argument, room);
}

function binary(argument: unknown, room: FillingRoom): unknown {
  if (!isFields(argument) || keysOf(argument).toSorted().join() !== 'base64,subType') return undefined;
  const base64 = text(bytesOf, 'take')(memberOf(argument, 'base64'), room);
  const subType = text((it) => (/^[\da-f]{1,2}$/i.test(it) ? parseInt(it, 16) : undefined))(
    memberOf(argument, 'subType'),
    room,
  );
  if (base64 === undefined || subType === undefined) return undefined;
  if (!Buffer.isBuffer(base64) || typeof subType !== 'number') return UNKNOWN;
  if (subType === Binary.SUBTYPE_UUID && base64.length === 16) return new UUID(base64);
  const value = new Binary(base64, subType);
  return isMalformedVector(value) ? undefined : value;
}

/** Undefined for what is another text when it is written again: it is no base64, or has bits of no byte. */
function bytesOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}

function timestamp(argument: unknown): unknown {
  if (!isFields(argument) || keysOf(argument).toSorted().join() !== 'i,t') return undefined;
  const known = [memberOf(argument, 't'), memberOf(argument, 'i')].map((it) =>
    it instanceof Filled ? bareNumber(it.value) : it,
  );
  if (
    !known.every((it) => isPlainReference(it) || (Number.isInteger(it) && Number(it) >= 0 && Number(it) <= UINT32_MOST))
  )
    return undefined;
  if (known.some(isPlainReference)) return UNKNOWN;
  return new Timestamp({ t: Number(known[0]), i: Number(known[1]) });
}

const NUMBERS: ReadonlySet<unknown> = new Set(['Long', 'Int32', 'Double']);

/** The number that a Long, Int32 or Double is; anything else as it is. */
export function bareNumber(value: unknown): unknown {
  return typeof value === 'object' && value !== null && NUMBERS.has(bsonTag(value)) ? Number(toText(value)) : value;
}

function regularExpression(argument: unknown): unknown {
  if (!isFields(argument) || keysOf(argument).toSorted().join() !== 'options,pattern') return undefined;
  const [pattern, options] = [memberOf(argument, 'pattern'), memberOf(argument, 'options')];
  if (typeof pattern !== 'string' || typeof options !== 'string') return undefined;
  if (pattern.length > MOST_PATTERN || pattern.includes('\0') || !arePatternOptions(options)) return undefined;
  return new BSONRegExp(pattern, options);
}

/** Whether a text has nothing but letters that MongoDB takes for options of a pattern. */
export function arePatternOptions(text: string): boolean {
  return /^[imsux]*$/.test(text);
}
