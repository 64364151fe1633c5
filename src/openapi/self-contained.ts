import type { JsonSchema } from './schema-of.ts';

const PREFIX = '#/components/schemas/';

/**
 * A schema that stands by itself: what it refers to among the document's schemas of these names stands in its
 * `$defs`, and nothing else does.
 */
export function selfContained(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const defs = new Map<string, unknown>();
  const moved = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return node.map(moved);
    const { $ref } = node as JsonSchema;
    if (typeof $ref === 'string' && $ref.startsWith(PREFIX)) return { ...node, $ref: `#/$defs/${define($ref)}` };
    return Object.fromEntries(Object.entries(node).map(([name, below]) => [name, moved(below)]));
  };
  const define = (ref: string): string => {
    const name = ref.slice(PREFIX.length);
    if (!defs.has(name)) {
      // Before it is moved, for it may refer to itself.
      defs.set(name, true);
      defs.set(name, moved(schemas[name]));
    }
    return name;
  };
  const whole = moved(schema) as JsonSchema;
  return defs.size === 0 ? whole : { ...whole, $defs: Object.fromEntries(defs) };
}
