import { randomInt } from 'node:crypto';
import { Wrapped } from './wrapped.ts';

/** Values within one value that are looked at: a hash need not tell all that are different. */
const MOST_VALUES = 64;
/** Characters at either end of a text that are looked at. */
const MOST_CHARS = 64;
/** Another one in each process, so that nobody outside can choose values of one hash. */
const SEED = randomInt(2 ** 31);

let left = 0;

/** A whole number of 32 bits that two values have in common wherever `canonical` of both is the same. */
export function hashOfValue(value: unknown): number {
  left = MOST_VALUES;
  const hash = add(SEED, value);
  // Each bit of it is to depend on all that was added.
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function mix(hash: number, number: number): number {
  const mixed = Math.imul(hash ^ Math.imul(number, 0xcc9e2d51), 0x1b873593);
  return mixed ^ (mixed >>> 15);
}

function add(hash: number, value: unknown): number {
  left -= 1;
  if (left < 0) return hash;
  switch (typeof value) {
    case 'string':
      return addText(hash, value);
    case 'number':
      return addNumber(hash, value);
    case 'boolean':
      return mix(hash, value ? 1 : 2);
    case 'object':
      return value === null ? mix(hash, 3) : addObject(hash, value);
    default:
      return mix(hash, 4);
  }
}

function addNumber(hash: number, value: number): number {
  return mix(mix(hash, value), (value % 1) * 4_294_967_291);
}

function addText(hash: number, text: string): number {
  const { length } = text;
  let mixed = mix(hash, length);
  const ends = Math.min(length, MOST_CHARS);
  for (let at = 0; at < ends; at += 1) mixed = mix(mixed, text.charCodeAt(at));
  for (let at = Math.max(ends, length - MOST_CHARS); at < length; at += 1) mixed = mix(mixed, text.charCodeAt(at));
  return mixed;
}

/** By their indexes, as of any other object, each would be looked up by a text of its own. */
function addBytes(hash: number, bytes: Uint8Array): number {
  let mixed = mix(hash, bytes.length);
  const ends = Math.min(bytes.length, MOST_CHARS);
  for (let at = 0; at < ends; at += 1) mixed = mix(mixed, bytes[at] as number);
  return mixed;
}

function addObject(hash: number, value: object): number {
  if (Array.isArray(value)) return addList(mix(hash, value.length), value);
  if (value instanceof Map) return addMap(hash, value);
  if (value instanceof Date) return addNumber(hash, value.getTime());
  if (value instanceof Uint8Array) return addBytes(hash, value);
  if (value instanceof Wrapped) {
    left += 1;
    return add(hash, value.value);
  }
  let mixed = hash;
  // Of BSON's types, too, the fields are what they hold.
  for (const key in value) {
    if (left < 0) break;
    mixed = add(mix(mixed, key.length), (value as Record<string, unknown>)[key]);
  }
  return mixed;
}

function addList(hash: number, list: readonly unknown[]): number {
  let mixed = hash;
  for (let at = 0; at < list.length && left >= 0; at += 1) mixed = add(mixed, list[at]);
  return mixed;
}

function addMap(hash: number, members: ReadonlyMap<unknown, unknown>): number {
  let mixed = hash;
  for (const [key, member] of members) {
    if (left < 0) break;
    mixed = add(mix(mixed, (key as string).length), member);
  }
  return mixed;
}
