import { z } from 'zod';

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = { [keyword: string]: unknown };

/** A reference to a schema of the document. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** What a zod schema takes, as JSON Schema; where `fillable()` lets a reference stand, it says so. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ jsonSchema }) {
      const { fillable } = jsonSchema as { fillable?: z.ZodType };
      if (!fillable) return;
      delete jsonSchema['fillable'];
      Object.assign(jsonSchema, { anyOf: [toJsonSchema(fillable), ref('Reference')] });
    },
  }) as JsonSchema;
  return json;
}

/** An object that takes these fields alone. */
export function strictObject(properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

/** An object that has these fields; later versions may add others. */
export function object(properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema {
  return { type: 'object', properties, required };
}
