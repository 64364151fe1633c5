import type { BSONRegExp } from 'bson';
import { bsonTag, isLeaf, numberText } from './leaf.ts';
import { keysOf, memberOf } from './members.ts';
import { leafText } from './typed-text.ts';

/** Characters beyond which no more of a value is written. */
const MOST = 65_536;

/**
 * A text that two values have in common only if they are the same, types and order of keys included: a key to
 * find one by the other. Undefined for a value so large that looking at all of it is too much work. Throws
 * TypeError for what is no data.
 */
export function canonical(value: unknown): string | undefined {
  const text = write('', value);
  return text.length > MOST ? undefined : text;
}

function write(before: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return before + sized(value);
    case 'number':
      return before + numberText(value);
    case 'bigint':
      return `${before}${value}n`;
    case 'boolean':
    case 'undefined':
      return before + String(value);
    case 'object':
      if (value === null) return `${before}null`;
      if (Array.isArray(value)) return writeList(before, value);
      return isMembers(value) ? writeMembers(before, value) : `${before}@${typedText(value)}`;
    default:
      throw new TypeError('no data');
  }
}

/** A string or key has its length in front, and needs no escapes: where it ends is known. */
function sized(text: string): string {
  return `${text.length}"${text}`;
}

function writeList(before: string, list: readonly unknown[]): string {
  let text = `${before}[`;
  for (const member of list) {
    if (text.length > MOST) return text;
    text = `${write(text, member)},`;
  }
  return `${text}]`;
}

function writeMembers(before: string, members: object): string {
  let text = `${before}{`;
  for (const key of keysOf(members)) {
    if (text.length > MOST) return text;
    text = `${write(text + sized(key), memberOf(members, key))},`;
  }
  return `${text}}`;
}

/** Whether all that an object holds are its members. */
function isMembers(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof Map;
}

function typedText(value: object): string {
  if (bsonTag(value) === 'BSONRegExp') {
    const { pattern, options } = value as BSONRegExp;
    return `/${write(pattern, options)}`;
  }
  if (!isLeaf(value)) throw new TypeError('no data');
  return leafText(value, 'canonical');
}
