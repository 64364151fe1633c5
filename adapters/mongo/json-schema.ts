import { entriesOf, put } from '../../src/json/members.ts';
import { readData } from './data.ts';
import { isFields, type Read, type Walk } from './walk.ts';

/**
 * Reads what `$jsonSchema` takes, all of it written out: data, whose patterns may stand only where `$regex`
 * may.
 */
export function readJsonSchema(walk: Walk, value: unknown): unknown {
  if (!isFields(value) || walk.lists.operators.has('$regex')) return readData(walk, value);
  let result: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (PATTERNS.has(key)) walk.faultAt(key, 'every keyword but pattern and patternProperties is allowed here');
    else result = put(result, key, walk.at(key, member, SCHEMAS.get(key) ?? readData));
  }
  return result;
}

const PATTERNS: ReadonlySet<string> = new Set(['pattern', 'patternProperties']);

/** A schema, or a list of schemas. */
const readSchemas: Read = (walk, value) =>
  Array.isArray(value) ? walk.list(value, readJsonSchema) : readJsonSchema(walk, value);

/** Schemas by the names of fields, which may be the names of keywords. */
const readNamed: Read = (walk, value) => (isFields(value) ? walk.named(value, readJsonSchema) : readData(walk, value));

/** The keywords that hold schemas. */
const SCHEMAS: ReadonlyMap<string, Read> = new Map([
  ...['items', 'additionalItems', 'additionalProperties', 'not', 'allOf', 'anyOf', 'oneOf'].map(
    (key) => [key, readSchemas] as const,
  ),
  ...['properties', 'dependencies'].map((key) => [key, readNamed] as const),
]);
