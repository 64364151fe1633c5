import { z } from 'zod';
import { MOST_FAULTS } from '../json/fault-list.ts';
import { followPath, isObject } from '../json/members.ts';
import { choice, missing } from './choice.ts';
import { boundsOf, ranged, sized } from './schema-bounds.ts';

/** What is wrong with a value: where, and what is allowed there. It repeats nothing of the value. */
export interface SchemaFault {
  readonly path: readonly (string | number)[];
  readonly detail: string;
  /** A value of another type is needed there. */
  readonly isMistyped?: true;
}

/** A value that was checked: what the schema makes of it, or its faults. */
export interface Checked<T> {
  readonly data: T | undefined;
  readonly faults: readonly SchemaFault[];
}

/** What is allowed, by the type of a schema; what is not here is told by the schemas themselves. */
const WORDS: Readonly<Record<string, (schema: z.ZodType) => string>> = {
  string: (schema) => sized(textOf(schema), boundsOf(schema), 'characters'),
  number: (schema) => ranged(isWhole(schema) ? 'a whole number' : 'a number', boundsOf(schema)),
  boolean: () => 'true or false',
  array: (schema) => sized('a list', boundsOf(schema), 'members'),
  object: () => 'an object',
  record: () => 'an object',
  literal: (schema) => (schema as z.ZodLiteral).def.values.join(' or '),
  union: (schema) =>
    schema instanceof z.ZodDiscriminatedUnion
      ? `an object whose ${schema.def.discriminator} is ${phrase(discriminators(schema))}`
      : (schema as z.ZodUnion<z.ZodType[]>).options.map(phrase).join(' or '),
};

/**
 * Without words of its own, an issue gets those of the schema where it arose, which knows all that is
 * allowed.
 */
const WORDLESS = { error: () => '' };

const NONE: readonly SchemaFault[] = [];

/** Checks a value against a schema. This alone turns what zod finds into faults: none has zod's own words. */
export function checkSchema<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  return checkBy(schema, schema, value);
}

const compiled = new WeakMap<z.ZodType, z.ZodType>();

/** The same for what each query is checked against: zod makes code of that schema at its first use. */
export function checkCompiled<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  let checking = compiled.get(schema) as z.ZodType<T> | undefined;
  if (!checking) compiled.set(schema, (checking = z.compile(schema)));
  return checkBy(checking, schema, value);
}

/**
 * A value as it is checked against the schema of an object: one that JavaScript's own objects do not hold
 * well, which may have very many keys, with the fields that the schema knows, and as many unknown ones as are
 * told of.
 */
export function lookedAt({ shape }: z.ZodObject, value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  const members = value as ReadonlyMap<string, unknown>;
  const fields: [string, unknown][] = [];
  for (const name of Object.keys(shape)) if (members.has(name)) fields.push([name, members.get(name)]);
  const most = fields.length + MOST_FAULTS;
  for (const field of members) {
    if (fields.length === most) break;
    if (!Object.hasOwn(shape, field[0])) fields.push(field);
  }
  return Object.fromEntries(fields);
}

/** A schema may be checked by one that was made of it; the words are its own. */
function checkBy<T>(checking: z.ZodType<T>, schema: z.ZodType<T>, value: unknown): Checked<T> {
  const { data, error } = checking.safeParse(value, WORDLESS);
  return { data, faults: error ? error.issues.flatMap((issue) => faultsOf(issue, schema, value)) : NONE };
}

function faultsOf(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): SchemaFault[] {
  const path = issue.path as (string | number)[];
  if (issue.code === 'unrecognized_keys') {
    const here = schemaAt(schema, path, value);
    const { shape } = objectIn(here) ?? (here as z.ZodObject);
    const detail = `unknown field; ${choice(Object.keys(shape))}`;
    return issue.keys.map((key) => ({ path: [...path, key], detail }));
  }
  if (issue.code === 'invalid_key') {
    const { keyType } = schemaAt(schema, path.slice(0, -1), value) as z.ZodRecord;
    return issue.issues.map(({ message }) => ({ path, detail: message || allowed(keyType as z.ZodType) }));
  }
  const inner = issue.code === 'invalid_union' ? withinUnion(issue, schemaAt(schema, path, value), value) : [];
  if (inner.length > 0) return inner.flatMap((one) => faultsOf(one, schema, value));
  const detail = issue.message || allowed(schemaAt(schema, path, value));
  const told = isMissing(issue, value) ? missing(path.at(-1)!, detail) : detail;
  return [{ path, detail: told, ...(isMistyped(issue) && { isMistyped: true }) }];
}

/** What is wrong inside an object where other things may stand, too: there alone can that be told closely. */
function withinUnion(
  { errors, path }: z.core.$ZodIssueInvalidUnion,
  union: z.ZodType,
  value: unknown,
): z.core.$ZodIssue[] {
  const given = followPath(value, path);
  const object = objectIn(union);
  if (!object || !isObject(given)) return [];
  const issues = errors[(union as z.ZodUnion).options.indexOf(object)] ?? [];
  return issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}

/** The object that may stand beside other things in a union. */
function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  if (!(schema instanceof z.ZodUnion) || schema instanceof z.ZodDiscriminatedUnion) return undefined;
  return schema.options.find((option) => option instanceof z.ZodObject);
}

/** Whether an issue says that a value of another type is needed: of one that may stand there. */
function isMistyped(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.flat().some(isMistyped);
  return issue.code === 'invalid_type';
}

/** Whether a field is missing. A rule about several fields tells that in words of its own. */
function isMissing({ code, path }: z.core.$ZodIssue, value: unknown): boolean {
  const parent = followPath(value, path.slice(0, -1));
  return (
    code !== 'custom' &&
    typeof parent === 'object' &&
    parent !== null &&
    followPath(parent, path.slice(-1)) === undefined
  );
}

/** Said behind what is allowed where a reference may stand for it. */
export const OR_REFERENCE = ', or a reference,';

function allowed(schema: z.ZodType): string {
  const { entries, values } = bare(schema).def as { entries?: Record<string, string>; values?: readonly unknown[] };
  if (entries || values) return choice(values ?? Object.values(entries as Record<string, string>));
  return `${phrase(schema)}${isFillable(schema) ? OR_REFERENCE : ''} is allowed here`;
}

function phrase(schema: z.ZodType): string {
  const inner = bare(schema);
  const words = WORDS[inner.def.type] ?? WORDS[String(inner.meta()?.['type'])];
  return words?.(inner) ?? 'a value';
}

/** The schema at a path. Where a field tells several apart, the one that the value names. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): z.ZodType {
  const here = bare(schema);
  const [step, ...rest] = path;
  if (here instanceof z.ZodDiscriminatedUnion) {
    const meant = meantBy(here, value);
    if (meant) return schemaAt(meant, path, value);
    if (step === here.def.discriminator) return discriminators(here);
  }
  if (step === undefined) return isFillable(schema) ? schema : here;
  const below = followPath(value, [step]);
  if (here instanceof z.ZodObject) return schemaAt((here.shape as Record<PropertyKey, z.ZodType>)[step]!, rest, below);
  if (here instanceof z.ZodArray) return schemaAt(here.element as z.ZodType, rest, below);
  if (here instanceof z.ZodRecord) return schemaAt(here.valueType as z.ZodType, rest, below);
  const object = objectIn(here);
  return object ? schemaAt(object, path, value) : here;
}

/** Of objects that a field tells apart, the one that a value names. */
function meantBy(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodObject | undefined {
  const named = followPath(value, [union.def.discriminator]);
  return objectsOf(union).find((option) => nameOf(option, union) === named);
}

/** What the field that tells them apart may say. */
function discriminators(union: z.ZodDiscriminatedUnion): z.ZodLiteral {
  return z.literal(objectsOf(union).map((option) => nameOf(option, union)));
}

function objectsOf(union: z.ZodDiscriminatedUnion): readonly z.ZodObject[] {
  return union.options as unknown as readonly z.ZodObject[];
}

function nameOf({ shape }: z.ZodObject, { def }: z.ZodDiscriminatedUnion): z.core.util.Literal {
  return (shape[def.discriminator] as z.ZodLiteral).value;
}

/** The schema inside one that also allows a missing value, a default or a reference. */
function bare(schema: z.ZodType): z.ZodType {
  if (isFillable(schema)) return bare(schema.meta()!['fillable'] as z.ZodType);
  if (schema instanceof z.ZodPipe)
    return bare((schema.out instanceof z.ZodTransform ? schema.in : schema.out) as z.ZodType);
  const { innerType } = schema.def as { innerType?: z.ZodType };
  return innerType ? bare(innerType) : schema;
}

/** Whether a reference may stand for its value. */
function isFillable(schema: z.ZodType): boolean {
  return schema.meta()?.['fillable'] !== undefined;
}

/** Whether it takes whole numbers alone: `wholeNumber`, or one of zod's own. */
function isWhole(schema: z.ZodType): boolean {
  return schema.meta()?.['type'] === 'integer' || (schema as z.ZodNumber).isInt;
}

function textOf(schema: z.ZodType): string {
  const { format } = schema.def as { format?: string };
  return format === undefined ? 'a string' : `a string that is a ${format}`;
}
