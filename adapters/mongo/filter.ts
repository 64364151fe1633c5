import { entriesOf, hasMember, keysOf, onlyKeyOf, put } from '../../src/json/members.ts';
import { isHole, isPlainReference, Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import { readData, readHole, readLiteral, readWhole } from './data.ts';
import { readCode } from './expression.ts';
import { isWrapper, readWrapper, wrappersFor } from './extended-json.ts';
import { readGeometry, readNear, readShape } from './geo.ts';
import { readJsonSchema } from './json-schema.ts';
import { CONDITION_OPERATORS, FIELD_OPERATORS, SORTING } from './operators.ts';
import { readPattern, readPatternOptions } from './regex.ts';
import { isFields, isSendable, UNSENDABLE, type Fields, type Read, type Walk } from './walk.ts';

/** Reads a filter: an object whose keys are fields, each with its condition, or `$and` and the like. */
export function readFilter(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.noHole();
  if (!isFields(value)) return walk.fault('a filter, an object, is allowed here');
  let result: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (key.startsWith('$'))
      result = put(result, key, readOperator(walk, key, member, CONDITION_OPERATORS, CONDITIONS));
    else if (isSendable(key)) result = put(result, key, walk.at(key, member, readCondition));
    else walk.faultAt(key, UNSENDABLE);
  }
  return result;
}

/** Reads the condition of one field: data it is equal to, or operators. */
function readCondition(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.mayHole() ? { $eq: readHole(walk, value) } : null;
  if (!isFields(value)) return readData(walk, value);
  if (isWrapper(value)) return readWrapper(walk, value);
  if (!keysOf(value).some((key) => key.startsWith('$'))) return readData(walk, value);
  return readOperators(walk, value, onlyKeyOf(value) !== undefined);
}

/** Reads operators. Where data may stand as well, one that stands alone may be meant as a wrapper. */
function readOperators(walk: Walk, value: Fields, mayWrap = false): unknown {
  let result: object = {};
  for (const [key, member] of entriesOf(value)) {
    result = put(result, key, readOperator(walk, key, member, FIELD_OPERATORS, COMPARISONS, mayWrap));
  }
  return result;
}

function readOperator(
  walk: Walk,
  key: string,
  member: unknown,
  known: ReadonlySet<string>,
  reads: Readonly<Record<string, Read>>,
  mayWrap = false,
): unknown {
  const { operators } = walk.lists;
  if (!known.has(key) || !operators.has(key)) {
    if (SORTING.has(key) && operators.has('$geoWithin'))
      return walk.faultAt(key, 'this operator is not allowed here: $geoWithin is');
    return walk.notOperator(key, known, mayWrap, mayWrap ? wrappersFor(walk) : []);
  }
  return walk.at(key, member, reads[key] ?? readLiteral);
}

const readFilters: Read = (walk, value) => walk.list(value, readFilter, 1);

const readSearch: Read = (walk, value) => {
  const known = unwrapped(value);
  // Of what is filled in the surrogates are looked at once there is room for it.
  const isText = typeof known === 'string' && (isHole(value) || known.isWellFormed());
  return isText || value instanceof Placeholder
    ? readData(walk, value)
    : walk.other(value, 'a string without lone surrogates');
};

const CONDITIONS: Readonly<Record<string, Read>> = {
  $and: readFilters,
  $or: readFilters,
  $nor: readFilters,
  $jsonSchema: (walk, value) => walk.literally(value, readJsonSchema),
  $expr: readCode,
  $text: (walk, value) =>
    walk.fields(
      value,
      { $search: readSearch, $language: readLiteral, $caseSensitive: readLiteral, $diacriticSensitive: readLiteral },
      ['$search'],
    ),
};

/** A list in which references may stand, or which one stands for. */
const readList: Read = (walk, value) => {
  const list = unwrapped(value);
  if (isPlainReference(list) || Array.isArray(list)) return readData(walk, value);
  return walk.other(value, 'a list');
};

const readAll: Read = (walk, value) => {
  const match = Array.isArray(value) && value.some((member) => isFields(member) && hasMember(member, '$elemMatch'));
  if (!match) return readList(walk, value);
  return walk.list(value, (walk, member) =>
    isFields(member) ? readOperators(walk, member) : walk.fault('$elemMatch is allowed here'),
  );
};

const readNot: Read = (walk, value) => {
  if (isHole(value)) return walk.noHole();
  if (!isFields(value) || keysOf(value).length === 0) return walk.fault('an object of operators is allowed here');
  return isWrapper(value) ? readWrapper(walk, value) : readOperators(walk, value);
};

/** Its argument is a filter for documents in a list, or operators for plain values in it. */
const readElemMatch: Read = (walk, value) => {
  if (!isFields(value)) return readFilter(walk, value);
  const [first] = keysOf(value);
  return first?.startsWith('$') && !CONDITION_OPERATORS.has(first)
    ? readOperators(walk, value)
    : readFilter(walk, value);
};

const COMPARISONS: Readonly<Record<string, Read>> = {
  $eq: readData,
  $ne: readData,
  $gt: readData,
  $gte: readData,
  $lt: readData,
  $lte: readData,
  $in: readList,
  $nin: readList,
  $all: readAll,
  $size: readWhole(0),
  $regex: readPattern,
  $options: readPatternOptions,
  $not: readNot,
  $elemMatch: readElemMatch,
  $geoWithin: readShape,
  $geoIntersects: readShape,
  $near: readNear,
  $nearSphere: readNear,
  $geometry: readGeometry,
};
