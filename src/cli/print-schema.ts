import { z } from 'zod';
import { adapters } from '../../adapters/index.ts';
import { configSchema } from '../config/schema.ts';

/** A part of a JSON Schema, as far as it is looked at here. */
interface Part {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly default?: unknown;
}

/** `codap schema`: prints the JSON Schema of a configuration, by which editors complete and check one. */
export function printSchema(): void {
  console.log(JSON.stringify(configJsonSchema(), null, 2));
}

/**
 * What a configuration may say, as JSON Schema (draft 7, which the most editors know). Rules between several
 * options, and some of what a text may be, `codap check` alone knows; it alone takes a variable as `adapter`.
 */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema(adapters), {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override({ jsonSchema }) {
      const { shown } = jsonSchema as { shown?: z.ZodType };
      if (!shown) return;
      const { $schema: _, ...written } = z.toJSONSchema(shown, { io: 'input', target: 'draft-7' });
      Object.assign(jsonSchema, { shown: undefined, type: undefined, items: undefined }, written);
    },
  });
  const properties = schema.properties as Record<string, Part>;
  for (const name of ['server', 'sources']) properties[name] = orVariable(properties[name] as Part);
  return schema;
}

/** With `${NAME}` allowed wherever one thing of a narrower kind than a text is. */
function orVariable(part: Part): Part {
  const below = Object.fromEntries(
    Object.entries(part).map(([keyword, value]) => [keyword, withinOf(keyword, value)]),
  ) as Part;
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

/** What a keyword says: where it has schemas, one, a list of them or each by a name, these with variables. */
function withinOf(keyword: string, value: unknown): unknown {
  if ((keyword === 'items' || keyword === 'additionalProperties') && typeof value === 'object')
    return orVariable(value as Part);
  if (keyword === 'anyOf' || keyword === 'oneOf') return (value as Part[]).map(orVariable);
  if (keyword !== 'properties') return value;
  return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, orVariable(one as Part)]));
}
