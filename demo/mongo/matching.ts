import type { Document } from 'bson';
import * as mingo from 'mingo/operators/query';
import { Query } from 'mingo/query';
import type { AnyObject, Options } from 'mingo/types';
import { typedOf } from './bson.ts';
import { comparer, keyOf, typeRank } from './compare.ts';
import { isTrue } from './conversions.ts';
import { CODE, MongoFailure } from './failure.ts';
import { isOfType, typesOf } from './types.ts';
import { bits, modulo, wholeOf } from './whole.ts';

/** One member of an array, for a condition that must not look for members in it. */
class Member {
  readonly member: unknown;

  constructor(member: unknown) {
    this.member = member;
  }
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What is at the end of a path, for each document of the arrays on the way; undefined if it is missing. */
function ends(value: unknown, names: readonly string[]): unknown[] {
  const [name, ...rest] = names;
  if (name === undefined) return [value];
  if (!Array.isArray(value))
    return isDocument(value) && Object.hasOwn(value, name) ? ends(value[name], rest) : [undefined];
  const own = /^\d+$/.test(name) && Number(name) < value.length ? ends(value[Number(name)], rest) : [];
  return [...own, ...value.filter(isDocument).flatMap((member) => ends(member, names))];
}

type Holds = (values: readonly unknown[]) => boolean;
type Operator = (path: string, operand: unknown, options: Options) => (document: object) => boolean;

interface Reach {
  /** Look at the members of arrays, too. */
  readonly members?: boolean;
  /** Look at the types that values are stored with. */
  readonly typed?: boolean;
}

/** An operator that looks at what is at the end of its path. */
function ofEnds(testOf: (operand: unknown, options: Options) => Holds, { members, typed }: Reach = {}): Operator {
  return (path, operand, options) => {
    const holds = testOf(operand, options);
    const names = path.split('.');
    return (document) => {
      if (document instanceof Member) return holds([document.member]);
      const found = ends(typed ? typedOf(document) : document, names);
      return holds(
        members ? found.flatMap((end) => (Array.isArray(end) ? [end, ...(end as unknown[])] : [end])) : found,
      );
    };
  };
}

/** An operator that one value has to satisfy: what is at the end of the path, or a member of it. */
function some(testOf: (operand: unknown, options: Options) => (value: unknown) => boolean, typed = false): Operator {
  return ofEnds(
    (operand, options) => {
      const holds = testOf(operand, options);
      return (values) => values.some(holds);
    },
    { members: true, typed },
  );
}

function not(operator: Operator): Operator {
  return (path, operand, options) => {
    const test = operator(path, operand, options);
    return (document) => !test(document);
  };
}

const $eq = some((operand, options) => {
  const compare = comparer(options.collation);
  return (value) => compare(value, operand) === 0;
});

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && value.search(pattern) >= 0;
}

const $in = some((operand, options) => {
  if (!Array.isArray(operand)) throw new MongoFailure(CODE.BadValue, '$in needs an array');
  const patterns = operand.filter((member) => member instanceof RegExp).map(matches);
  const compare = comparer(options.collation);
  const keys = new Set(operand.map(keyOf));
  return (value) =>
    patterns.some((match) => match(value)) ||
    (options.collation ? operand.some((member) => compare(value, member) === 0) : keys.has(keyOf(value)));
});

/** A range never leaves its type: `{$gt: 5}` finds no string. NaN is above and below nothing. */
function range(holds: (difference: number) => boolean): Operator {
  return some((operand, options) => {
    const compare = comparer(options.collation);
    const isNaN = (value: unknown): boolean => compare(value, NaN) === 0;
    return (value) =>
      typeRank(value) === typeRank(operand) && isNaN(value) === isNaN(operand) && holds(compare(value, operand));
  });
}

const LOGICAL = new Set(['$and', '$or', '$nor']);

/** The test that a member of an array has to pass; without a field, the condition is on the member. */
export function memberTest(condition: unknown, options: Options): (member: unknown) => boolean {
  if (!isDocument(condition)) throw new MongoFailure(CODE.BadValue, '$elemMatch needs an object');
  const names = Object.keys(condition);
  if (names.length > 0 && names.every((name) => name.startsWith('$') && !LOGICAL.has(name))) {
    const query = new Query({ member: condition }, options);
    return (member) => query.test(new Member(member) as unknown as AnyObject);
  }
  const query = new Query(condition, options);
  return (member) => (isDocument(member) || Array.isArray(member)) && query.test(member as AnyObject);
}

const $elemMatch = ofEnds((condition, options) => {
  const test = memberTest(condition, options);
  return (found) => found.some((end) => Array.isArray(end) && end.some(test));
});

const $all: Operator = (path, operand, options) => {
  if (!Array.isArray(operand)) throw new MongoFailure(CODE.BadValue, '$all needs an array');
  const tests = operand.map((member: unknown) => {
    const [name] = isDocument(member) ? Object.keys(member) : [];
    if (name === '$elemMatch') return $elemMatch(path, (member as Document).$elemMatch, options);
    if (name?.startsWith('$')) throw new MongoFailure(CODE.BadValue, `no ${name} expressions in $all`);
    return member instanceof RegExp ? $in(path, [member], options) : $eq(path, member, options);
  });
  return (document) => tests.length > 0 && tests.every((test) => test(document));
};

const $size = ofEnds((operand) => {
  const size = wholeOf(operand);
  if (size === undefined || size < 0n) throw new MongoFailure(CODE.BadValue, '$size needs an integer from 0');
  return (found) => found.some((end) => Array.isArray(end) && BigInt(end.length) === size);
});

const $exists = ofEnds((operand) => (found) => found.some((end) => end !== undefined) === isTrue(operand));

const $type = some((operand) => {
  const types = typesOf(operand);
  return (value) => isOfType(value, types);
}, true);

const $regex = some((pattern) => {
  if (!(pattern instanceof RegExp)) throw new MongoFailure(CODE.BadValue, '$regex has to be a string');
  return matches(pattern);
});

const $expr: Operator = (path, condition, options) => mingo.$expr(path, { $or: [condition] }, options);

/**
 * Query operators by BSON's rules; mingo compares BSON's objects by their text, knows no numbers but
 * JavaScript's, and ignores the collation when it matches. Those that only join others are mingo's.
 */
export const matching: Record<string, Operator> = {
  $expr,
  $eq,
  $ne: not($eq),
  $in,
  $nin: not($in),
  $gt: range((difference) => difference > 0),
  $gte: range((difference) => difference >= 0),
  $lt: range((difference) => difference < 0),
  $lte: range((difference) => difference <= 0),
  $all,
  $elemMatch,
  $size,
  $exists,
  $type,
  $regex,
  $mod: some(modulo),
  $bitsAllSet: some(bits((common, mask) => common === mask)),
  $bitsAnySet: some(bits((common) => common !== 0n)),
  $bitsAllClear: some(bits((common) => common === 0n)),
  $bitsAnyClear: some(bits((common, mask) => common !== mask)),
};
