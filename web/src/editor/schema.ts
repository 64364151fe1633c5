/** A part of a JSON Schema. */
export type Schema = { readonly [keyword: string]: unknown };

/** What may stand at a place: the names of fields, and the values of a choice, each with what it means. */
export interface Offer {
  readonly name: string;
  readonly detail: string;
}

/**
 * The schemas that hold for what stands below a key or index. `given` is what stands in the object already:
 * a branch that it does not fit is left out.
 */
export function below(root: Schema, schemas: readonly Schema[], key: string | number, given: Given): Schema[] {
  return schemas
    .flatMap((schema) => branches(root, schema, given))
    .flatMap((one) => {
      if (typeof key === 'number') return asSchemas(one['items']);
      const own = (one['properties'] as Schema | undefined)?.[key];
      return own === undefined ? asSchemas(one['additionalProperties']) : asSchemas(own);
    });
}

/** The plain values that stand in an object, by their keys. */
export type Given = Readonly<Record<string, unknown>>;

/** A schema and all that is part of it, as far as that fits to what stands there. */
function branches(root: Schema, schema: Schema, given: Given, depth = 0): Schema[] {
  if (depth > 8) return [];
  const { $ref, anyOf, oneOf, allOf, ...own } = schema;
  const parts = [
    ...(typeof $ref === 'string' ? asSchemas(resolved(root, $ref)) : []),
    ...[anyOf, oneOf, allOf].flatMap((list) => (Array.isArray(list) ? (list as Schema[]) : [])),
  ];
  return [own, ...parts.filter((part) => fits(part, given)).flatMap((part) => branches(root, part, given, depth + 1))];
}

function asSchemas(value: unknown): Schema[] {
  return typeof value === 'object' && value !== null ? [value as Schema] : [];
}

function resolved(root: Schema, reference: string): unknown {
  const [, ...path] = reference.split('/');
  return path.reduce<unknown>((at, key) => (at as Schema | undefined)?.[key], root);
}

function fits({ properties }: Schema, given: Given): boolean {
  return Object.entries((properties ?? {}) as Record<string, Schema>).every(([key, schema]) => {
    const value = given[key];
    if (typeof value !== 'string' || value === '') return true;
    if (Array.isArray(schema['enum'])) return schema['enum'].includes(value);
    return schema['const'] === undefined || schema['const'] === value;
  });
}

/** The fields that may be written into an object. */
export function fieldsOf(root: Schema, schemas: readonly Schema[], given: Given): Offer[] {
  const found = new Map<string, Offer>();
  for (const schema of schemas.flatMap((one) => branches(root, one, given))) {
    for (const [name, own] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) {
      const detail = typeof own['description'] === 'string' ? own['description'] : '';
      if (!found.get(name)?.detail) found.set(name, { name, detail });
    }
  }
  return [...found.values()];
}

/** The values of a choice. Of several branches' choices, those that all of them leave. */
export function choicesOf(root: Schema, schemas: readonly Schema[], given: Given): string[] {
  const found = new Set<string>();
  for (const schema of schemas.flatMap((one) => branches(root, one, given))) {
    for (const value of (schema['enum'] ?? []) as unknown[]) if (typeof value === 'string') found.add(value);
    if (typeof schema['const'] === 'string') found.add(schema['const']);
    if (schema['type'] === 'boolean') for (const value of ['true', 'false']) found.add(value);
  }
  return [...found];
}
