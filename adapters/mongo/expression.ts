import { entriesOf, keysOf, put } from '../../src/json/members.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { readData, readHole, readLiteral } from './data.ts';
import { isWrapper, readWrapper } from './extended-json.ts';
import { EXPRESSION_OPERATORS, SYSTEM_VARIABLES } from './operators.ts';
import { readArraySort, readSort } from './sort.ts';
import { untyped } from './untyped.ts';
import { isFields, type Fields, type Read, type Walk } from './walk.ts';

/** Reads an aggregation expression; a reference in it is sent as `{$literal: value}`. */
export function readExpression(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.mayHole() ? { $literal: readHole(walk, value) } : null;
  if (typeof value === 'string') return readString(walk, value);
  if (Array.isArray(value)) return value.map((member, index) => walk.at(index, member, readExpression));
  if (!isFields(value)) return untyped(value);
  if (isWrapper(value)) return readWrapper(walk, value);
  const [operator] = keysOf(value);
  return operator?.startsWith('$') ? readOperator(walk, operator, value) : walk.named(value, readExpression);
}

/** Reads an expression that is no reference as a whole, but may hold some. */
export function readCode(walk: Walk, value: unknown): unknown {
  return isHole(value) ? walk.noHole() : readExpression(walk, value);
}

/** Reads an object whose fields are expressions. */
export function readExpressions(walk: Walk, value: unknown): unknown {
  return walk.named(value, readExpression);
}

/**
 * Reads an object of one operator, as an expression or an accumulator; `beside` are the keys that may stand
 * beside it.
 */
export function readOperator(
  walk: Walk,
  operator: string,
  value: Fields,
  beside: Readonly<Record<string, Read>> = {},
): unknown {
  let result: object = {};
  for (const [key, member] of entriesOf(value)) {
    const other = Object.hasOwn(beside, key) ? beside[key] : undefined;
    if (other) result = put(result, key, walk.at(key, member, other));
    else if (key !== operator) walk.faultAt(key, 'an operator stands alone in its object');
    else if (!EXPRESSION_OPERATORS.has(key) || !walk.lists.operators.has(key))
      walk.notOperator(key, EXPRESSION_OPERATORS, true);
    else result = put(result, key, walk.at(key, member, ARGUMENTS[key] ?? readExpression));
  }
  return result;
}

/** A string is text, a field path `$a.b`, or a variable `$$name`. */
function readString(walk: Walk, value: string): string | null {
  if (!value.startsWith('$$')) return value;
  const [name = ''] = value.slice(2).split('.');
  // Names that begin in lower case are the query's own: `let`, `as`, `this`, `value`.
  if (SYSTEM_VARIABLES.has(name) || /^[a-z\u0080-\uFFFF]/.test(name)) return value;
  return walk.fault(`of the variables of the store, allowed here: ${[...SYSTEM_VARIABLES].join(', ')}`);
}

/** The named arguments of an operator, some of which are read in their own way. */
function named(own: Readonly<Record<string, Read>>): Read {
  return (walk, value) => {
    if (!isFields(value) || isWrapper(value)) return readExpression(walk, value);
    const [first] = keysOf(value);
    if (first?.startsWith('$')) return readExpression(walk, value);
    return walk.named(value, (walk, member) =>
      (Object.hasOwn(own, walk.key) ? (own[walk.key] as Read) : readExpression)(walk, member),
    );
  };
}

const A_NAME = 'the name of a field, a string, is allowed here';

/** The name of a field: a string that the request writes out. */
const readFieldName: Read = (walk, value) => {
  if (typeof value === 'string') return readString(walk, value);
  if (isHole(value)) return walk.noHole();
  const isLiteral = isFields(value) && keysOf(value)[0] === '$literal';
  if (isLiteral && !walk.lists.operators.has('$literal')) return walk.faultAt('$literal', A_NAME);
  return walk.operators(value, {
    $literal: (walk, name) => (typeof name === 'string' ? name : walk.fault(A_NAME)),
  });
};

const readConstantExpression: Read = (walk, value) => walk.literally(value, readExpression);

const PATTERN: Read = named({ regex: readConstantExpression, options: readConstantExpression });
const NAMING: Read = named({ as: readLiteral });
const DATE_FORMAT: Read = named({ format: readConstantExpression });
const SORTED: Read = named({ sortBy: readSort });
const SORTED_ARRAY: Read = named({ sortBy: readArraySort });
const FIELD: Read = named({ field: readFieldName });

const readGetField: Read = (walk, value) => {
  const bare = isFields(value) ? keysOf(value)[0]?.startsWith('$') : true;
  return bare ? readFieldName(walk, value) : FIELD(walk, value);
};

const ARGUMENTS: Readonly<Record<string, Read>> = {
  $literal: readData,
  $meta: readLiteral,
  $getField: readGetField,
  $setField: FIELD,
  $unsetField: FIELD,
  $let: named({ vars: readExpressions }),
  $map: NAMING,
  $filter: NAMING,
  $regexFind: PATTERN,
  $regexFindAll: PATTERN,
  $regexMatch: PATTERN,
  $dateFromString: DATE_FORMAT,
  $dateToString: DATE_FORMAT,
  $sortArray: SORTED_ARRAY,
  $top: SORTED,
  $topN: SORTED,
  $bottom: SORTED,
  $bottomN: SORTED,
  $shift: named({ by: readLiteral }),
  $sampleRate: readLiteral,
  $expMovingAvg: named({ N: readLiteral, alpha: readLiteral }),
};
