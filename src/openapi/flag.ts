import type { JsonSchema } from './schema-of.ts';

/** A URL parameter that says something by being there, without a value or with `true`. */
export function flag(name: string, description: string): JsonSchema {
  const schema = { type: 'string', enum: ['', 'true'] };
  return { name, in: 'query', description: `A flag: ${description}`, allowEmptyValue: true, schema };
}
