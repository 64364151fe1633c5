import { CODE, MongoFailure } from './failure.ts';

const [DOUBLE, INT, LONG, DECIMAL] = [1, 16, 18, 19];
const NUMBERS = [DOUBLE, INT, LONG, DECIMAL];

/** BSON's types by the names that `$type` knows, without those that a document here cannot show. */
const TYPES: Record<string, number> = {
  double: DOUBLE,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: INT,
  timestamp: 17,
  long: LONG,
  decimal: DECIMAL,
  minKey: -1,
  maxKey: 127,
};

/** The types of the values that BSON has classes for. */
const CLASSES: Record<string, number> = {
  Double: DOUBLE,
  Int32: INT,
  Long: LONG,
  Decimal128: DECIMAL,
  Binary: 5,
  ObjectId: 7,
  BSONRegExp: 11,
  BSONSymbol: 14,
  Timestamp: 17,
  MinKey: -1,
  MaxKey: 127,
};

/** The numbers of the types that an operand of `$type` names. */
export function typesOf(operand: unknown): ReadonlySet<number> {
  const names: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (names.length === 0) throw new MongoFailure(CODE.BadValue, '$type must match at least one type');
  return new Set(
    names.flatMap((name) => {
      if (name === 'number') return NUMBERS;
      const type = typeof name === 'string' && Object.hasOwn(TYPES, name) ? TYPES[name] : Number(name);
      if (typeof type !== 'number' || !Object.values(TYPES).includes(type))
        throw new MongoFailure(CODE.BadValue, `$type does not know ${String(name)}`);
      return [type];
    }),
  );
}

/** What a value may be: JavaScript has one number for a whole double, an int and a long. */
function candidates(value: unknown): number[] {
  if (value === undefined) return [];
  if (value === null) return [TYPES.null!];
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return [DOUBLE];
    return (value | 0) === value ? [DOUBLE, INT, LONG] : [DOUBLE, LONG];
  }
  if (typeof value === 'string') return [TYPES.string!];
  if (typeof value === 'boolean') return [TYPES.bool!];
  if (Array.isArray(value)) return [TYPES.array!];
  if (value instanceof Date) return [TYPES.date!];
  const { _bsontype: name, scope } = value as { _bsontype?: string; scope?: unknown };
  if (name === 'Code') return [scope ? TYPES.javascriptWithScope! : TYPES.javascript!];
  return [CLASSES[name ?? ''] ?? TYPES.object!];
}

/** True for a value of one of these types; refused where that cannot be told. */
export function isOfType(value: unknown, types: ReadonlySet<number>): boolean {
  const possible = candidates(value);
  const wanted = possible.filter((type) => types.has(type));
  if (wanted.length > 0 && wanted.length < possible.length)
    throw new MongoFailure(CODE.BadValue, '$type tells int, long and double apart in stored documents alone');
  return wanted.length > 0;
}
