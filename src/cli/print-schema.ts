import { adapters } from '../../adapters/index.ts';
import { configSchema } from '../config/schema.ts';
import { type Dialect, type JsonSchema, mapBelow, toJsonSchema } from '../openapi/schema-of.ts';

/** Draft 7 is what the most editors know; they show what holds where nothing is said. */
const EDITORS: Dialect = { target: 'draft-7', hasDefaults: true };

/** `codap schema`: prints the JSON Schema of a configuration, by which editors complete and check one. */
export function printSchema(): void {
  console.log(JSON.stringify(configJsonSchema(), null, 2));
}

/**
 * What a configuration may say, as JSON Schema. Rules between several options, and some of what a text may
 * be, `codap check` alone knows; it alone takes a variable as `adapter`.
 */
export function configJsonSchema(): JsonSchema {
  const schema = toJsonSchema(configSchema(adapters), EDITORS);
  const properties = { ...(schema['properties'] as Record<string, JsonSchema>) };
  for (const name of ['server', 'sources']) properties[name] = orVariable(properties[name] as JsonSchema);
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...schema, properties };
}

/** With `${NAME}` allowed wherever one thing of a narrower kind than a text is. */
function orVariable(part: JsonSchema): JsonSchema {
  const below = mapBelow(part, orVariable, orVariable);
  const { type, pattern, enum: words, const: only } = part;
  const isText = type === 'string' && pattern === undefined && words === undefined;
  // A word alone stands beside others that have a variable, or says by which adapter the rest is to be read.
  const isWord = typeof only === 'string';
  if (isText || isWord || type === undefined || type === 'object' || type === 'array') return below;
  const { description, default: byDefault, ...narrow } = below;
  return {
    ...(description !== undefined && { description }),
    ...(byDefault !== undefined && { default: byDefault }),
    anyOf: [narrow, { type: 'string', pattern: '\\$\\{' }],
  };
}
