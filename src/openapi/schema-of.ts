import { z } from 'zod';

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = { [keyword: string]: unknown };

/** A text. */
export const text: JsonSchema = { type: 'string' };
/** A whole number from 0 on. */
export const whole: JsonSchema = { type: 'integer', minimum: 0 };
/** Whether something is so. */
export const yes: JsonSchema = { type: 'boolean' };

/** A reference to a schema of the document. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** Any object: said outright, since many a generator of types makes an empty one of `type` alone. */
export const anyObject: JsonSchema = { type: 'object', additionalProperties: true };

/** How a schema is written. */
export interface Dialect {
  readonly target: 'draft-2020-12' | 'draft-7';
  /** Whether it says what holds where nothing is said: generators of types demand what has a `default`. */
  readonly hasDefaults: boolean;
}

const OPENAPI: Dialect = { target: 'draft-2020-12', hasDefaults: false };

/**
 * What a zod schema takes, as JSON Schema, by default as OpenAPI has it; where `fillable()` lets a reference
 * stand, it says so. `shown` stands in the place of what is checked elsewhere.
 */
export function toJsonSchema(schema: z.ZodType, dialect = OPENAPI): JsonSchema {
  const { target, hasDefaults } = dialect;
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      const { fillable, shown } = jsonSchema as { fillable?: z.ZodType; shown?: z.ZodType };
      for (const keyword of ['fillable', 'shown'] as const) delete jsonSchema[keyword];
      if (!hasDefaults) delete jsonSchema.default;
      if (fillable) Object.assign(jsonSchema, { anyOf: [toJsonSchema(fillable, dialect), ref('Reference')] });
      if (shown) {
        delete jsonSchema.type;
        delete jsonSchema.items;
        Object.assign(jsonSchema, toJsonSchema(shown, dialect));
      }
      if (jsonSchema.type === 'object' && takesAnyObject(jsonSchema)) Object.assign(jsonSchema, anyObject);
    },
  }) as JsonSchema;
  return json;
}

/** What an op's params take, as JSON Schema; each value in them may be verbatim. */
export function paramsSchema(schema: z.ZodType): JsonSchema {
  return verbatimBelow(toJsonSchema(schema));
}

/** `{"$verbatim": …}` of such a value. */
export function verbatim(value: JsonSchema): JsonSchema {
  return strictObject({ $verbatim: value }, ['$verbatim']);
}

/** A schema beside which `{"$verbatim": …}` may stand, of any value unless `own` is another. */
export function orVerbatim(schema: JsonSchema, own = ref('Verbatim')): JsonSchema {
  if (takesAnyObject(schema)) return schema;
  const { description, ...plain } = schema;
  const { anyOf, ...others } = plain;
  const choices = Array.isArray(anyOf) && Object.keys(others).length === 0 ? (anyOf as JsonSchema[]) : [plain];
  return { ...(description !== undefined && { description }), anyOf: [...choices, own] };
}

function verbatimBelow(schema: JsonSchema): JsonSchema {
  return mapBelow(schema, verbatimBelow, (within) => orVerbatim(verbatimBelow(within)));
}

/** A schema with those below it made anew: its alternatives by one function, what is within by another. */
export function mapBelow(
  schema: JsonSchema,
  alternative: (one: JsonSchema) => JsonSchema,
  within: (one: JsonSchema) => JsonSchema,
): JsonSchema {
  const below = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === 'anyOf' || keyword === 'oneOf') return [keyword, (value as JsonSchema[]).map(alternative)];
    if (typeof value !== 'object') return [keyword, value];
    if (keyword === 'items' || keyword === 'additionalProperties') return [keyword, within(value as JsonSchema)];
    if (keyword !== 'properties') return [keyword, value];
    const named = Object.entries(value as object).map(([name, one]) => [name, within(one as JsonSchema)]);
    return [keyword, Object.fromEntries(named) as JsonSchema];
  });
  return Object.fromEntries(below) as JsonSchema;
}

/** Whether it takes `{"$verbatim": …}` already, an object like any other. */
function takesAnyObject(schema: JsonSchema): boolean {
  const { type = 'object', additionalProperties = true } = schema;
  const says = ['anyOf', '$ref', 'enum', 'const', 'properties', 'propertyNames'];
  const isOpen = additionalProperties === true && !says.some((keyword) => keyword in schema);
  return [type].flat().includes('object') && isOpen;
}

/** An object that takes these fields alone. */
export function strictObject(properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

/** An object in which these fields stand, each with this value. */
export function having(fields: Readonly<Record<string, unknown>>): JsonSchema {
  const values = Object.entries(fields).map(([name, value]) => [name, { const: value }] as const);
  return { properties: Object.fromEntries(values), required: Object.keys(fields) };
}

/** An object that has these fields; later versions may add others. */
export function object(properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema {
  return { type: 'object', properties, required };
}
