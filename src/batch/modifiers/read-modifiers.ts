import type { z } from 'zod';
import type { Findings } from '../template/read-template.ts';
import { Spot } from '../template/spot.ts';
import { modifiers, type Said } from './index.ts';
import type { Reading } from './modifier.ts';
import { all, choosing, makingOne, rescuing, reshaping, type Name } from './stages.ts';

/** What the modifiers of one query or group say, and which kinds of them there are. */
export interface Modifiers extends Said {
  /** Something decides whether it runs. */
  readonly isConditional: boolean;
  /** Something looks into its value, or makes another of it. */
  readonly isReshaped: boolean;
  /** Something makes one value of a group's members. */
  readonly isMadeOne: boolean;
  /** Something answers a value where it failed. */
  readonly isRescued: boolean;
}

/** What a request may write of each modifier. */
export const modifierSchemas = schemasOf(all);

/** What it may write of those that may stand on a group. */
export const groupModifierSchemas = schemasOf(all.filter(([, { ofQueries }]) => !ofQueries));

/** The modifiers that need a value as a whole, so that it cannot flow item by item. */
export const needingValue: readonly Name[] = [...reshaping, ...rescuing].map(([name]) => name);

const NOTHING: Findings = { references: [], report: () => {} };

/** What they say where none is written, as in most queries. */
export const UNMODIFIED: Modifiers = readModifiers({
  at: Spot.TOP,
  fields: {},
  limits: { calls: 0, keyChars: 0 },
  report: () => {},
  toStart: NOTHING,
  toRun: NOTHING,
  toReshape: NOTHING,
});

function schemasOf(some: typeof all): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(some.map(([name, { schema }]) => [name, schema]));
}

/** Whether a modifier is written among the fields of a query or group. */
export function isModified(fields: Reading['fields']): boolean {
  for (const field in fields) if (Object.hasOwn(modifiers, field)) return true;
  return false;
}

/** Reads all modifiers of one query or group, in their order. */
export function readModifiers(reading: Reading): Modifiers {
  const { at, fields } = reading;
  const said = {} as Record<Name, unknown>;
  for (const [name, modifier] of all) {
    const value = fields[name];
    said[name] = modifier.read(value, value === undefined ? at : at.below(name), reading);
  }
  const says = (some: readonly (readonly [Name, unknown])[]): boolean =>
    some.some(([name]) => said[name] !== undefined);
  return {
    ...(said as Said),
    isConditional: says(choosing),
    isReshaped: says(reshaping),
    isMadeOne: says(makingOne),
    isRescued: says(rescuing),
  };
}
