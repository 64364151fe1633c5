import { canonical } from '../../src/json/canonical.ts';
import { entriesOf, hasMember } from '../../src/json/members.ts';

/** A projection under which a field is there by which documents are told from each other. */
export interface KeptKey {
  /** What is sent: all there is, where it is undefined. */
  readonly projection: object | undefined;
  /** The query's own projection leaves the field out: it is taken off again. */
  readonly isForeign: boolean;
}

/** Whole documents have each of their fields. */
export const WHOLE: KeptKey = { projection: undefined, isForeign: false };

/** Undefined where the field cannot be had without a change to what else is answered, or in what order. */
export function keptKey(projection: object, field: string): KeptKey | undefined {
  const members = Object.fromEntries(entriesOf(projection));
  const names = Object.keys(members);
  // A position (`list.$`) is that of what the filter has found.
  if (names.some((name) => name.includes('$') || isAround(name, field))) return undefined;
  if (!Object.values(members).every(isPlain)) {
    // Of whatever kind a projection is, an `_id` that it does not name is there.
    const isSafe =
      field === '_id' && !hasMember(projection, '_id') && canonical(projection)?.includes('$meta') === false;
    return isSafe ? { projection, isForeign: false } : undefined;
  }
  const others = names.filter((name) => name !== '_id');
  const areIn = others.some((name) => members[name]);
  if (areIn && others.some((name) => !members[name])) return undefined;
  const isNamed = hasMember(members, field);
  if (field === '_id') return isNamed && !members['_id'] ? without(members, field) : { projection, isForeign: false };
  if (field.includes('.')) return undefined;
  const isInclusion = areIn || (others.length === 0 && Boolean(members['_id']));
  if (isInclusion && !isNamed) return { projection: { ...members, [field]: 1 }, isForeign: true };
  return isInclusion || !isNamed ? { projection, isForeign: false } : without(members, field);
}

function without(members: Record<string, unknown>, field: string): KeptKey | undefined {
  const { [field]: _field, ...rest } = members;
  const [first, ...others] = Object.keys(rest);
  if (first === undefined) return { projection: undefined, isForeign: true };
  // By itself an `_id` that is in leaves all else out; beside what is left out it says nothing.
  return rest['_id'] && others.length === 0 ? undefined : { projection: rest, isForeign: true };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'boolean' || typeof value === 'number';
}

/** Whether one of two paths leads through the other. */
function isAround(name: string, field: string): boolean {
  return name.startsWith(`${field}.`) || field.startsWith(`${name}.`);
}
