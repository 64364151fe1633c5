/**
 * A JSON or BSON object as data. The order in which its keys were written holds. JavaScript's own objects put
 * keys that look like integers first, so an object with such a key is a Map. One of very many keys may be a
 * Map, too. Whoever reads or makes one uses the functions of this file.
 */
export type Members = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** True for up to ten digits: among these keys are all that JavaScript's own objects would move. */
export function isMoved(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39 && key.length <= 10 && /^\d+$/.test(key);
}

/** The first key of an object, undefined if it has none. */
export function firstKeyOf(members: object): string | undefined {
  if (members instanceof Map) return (members as Map<string, unknown>).keys().next().value;
  // Most have few keys, and a list of them is made for nobody.
  for (const key in members) return key;
  return undefined;
}

/** The key of an object that has no other; undefined where it has none or several. */
export function onlyKeyOf(members: object): string | undefined {
  const first = firstKeyOf(members);
  if (members instanceof Map) return members.size === 1 ? first : undefined;
  for (const key in members) if (key !== first) return undefined;
  return first;
}

/** Whether a value is an object, be it a Map; no list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys of an object, in order; of a list, its indices. */
export function keysOf(members: object): readonly string[] {
  return members instanceof Map ? [...(members as Map<string, unknown>).keys()] : Object.keys(members);
}

/** The values of an object or a list, in order. */
export function valuesOf(members: object): readonly unknown[] {
  return members instanceof Map ? [...(members as Map<string, unknown>).values()] : Object.values(members);
}

/** The keys of an object or a list with their values, in order. */
export function entriesOf(members: object): Iterable<readonly [string, unknown]> {
  return members instanceof Map ? (members as Map<string, unknown>) : Object.entries(members);
}

/** Whether an object has a key of its own, or a list an index. */
export function hasMember(members: object, key: string): boolean {
  return members instanceof Map ? members.has(key) : Object.hasOwn(members, key);
}

/** The value under a key, or at a list's index; undefined if there is none. */
export function memberOf(members: object, key: string): unknown {
  if (members instanceof Map) return members.get(key);
  return Object.hasOwn(members, key) ? (members as Record<string, unknown>)[key] : undefined;
}

/** What a path leads to; undefined if it leads nowhere. */
export function followPath(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (there, step) => (typeof there === 'object' && there !== null ? memberOf(there, String(step)) : undefined),
    value,
  );
}

/**
 * Puts a member behind the others. Begin with `{}`, and go on with what it answers: that may be a Map from
 * now on.
 */
export function put(members: object, key: string, value: unknown): object {
  if (members instanceof Map) return members.set(key, value);
  if (isMoved(key)) return new Map(Object.entries(members)).set(key, value);
  if (key === '__proto__') {
    return Object.defineProperty(members, key, { value, enumerable: true, writable: true, configurable: true });
  }
  (members as Record<string, unknown>)[key] = value;
  return members;
}

/** Members up to which a list is copied. */
const SHORT_LIST = 64;

/**
 * A list that was filled member by member, without the room to grow that V8 has kept with it: of a short one
 * that is most of it, for the first member already that of seventeen.
 */
export function trimmed(list: unknown[]): unknown[] {
  return list.length < SHORT_LIST ? list.slice() : list;
}

/**
 * An object as one of JavaScript's own, for reading fields by names that are known; anything else as it is.
 */
export function recordOf(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}

/** The members of an object by their names; of anything else none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? (recordOf(value) as Record<string, unknown>) : {};
}
