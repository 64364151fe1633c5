import type { Steps } from '../../budget/work.ts';
import { Digits } from '../../json/leaf.ts';
import { isContainer, piecesOf } from '../../json/size.ts';
import type { Bounds } from './bounds.ts';
import { PageDigits } from './page-digits.ts';

/** Members, or 64 characters, beyond which a list has no text: JavaScript would make a long one at once. */
const LONG = 1024;

/** A key of an object that is looped over takes as long as so many members of a list. */
const LOOPING = 16;

/** What JavaScript takes for the text of an object, whatever the object's own members are. */
const TEXTLESS = { value: () => '', enumerable: false };

/** The Digits of one page, by their text: `uniq` and `group_by` take what is the same for the same object. */
export type DigitsOfPage = Map<string, PageDigits>;

/**
 * Data that was read (`readJson`) as LiquidJS reads it; nobody else holds it. A Map becomes an object whose
 * keys keep their order, and nothing that data holds (`toString`, `valueOf`) is taken for a method.
 */
export function pageData(value: unknown, bounds: Bounds, digits: DigitsOfPage): Steps<unknown> {
  return preparing(value, bounds, { members: 0, digits });
}

interface Seen {
  members: number;
  readonly digits: DigitsOfPage;
}

function* preparing(value: unknown, bounds: Bounds, seen: Seen): Steps<unknown> {
  if (value instanceof Digits) {
    const same = seen.digits.get(value.text) ?? new PageDigits(value.text);
    seen.digits.set(value.text, same);
    return same;
  }
  if (!isContainer(value)) return value;
  if (bounds.tick()) yield;
  if (Array.isArray(value)) {
    const before = seen.members;
    for (let at = 0; at < value.length; at++) {
      const member: unknown = value[at];
      seen.members += piecesOf(member);
      if (typeof member === 'object') value[at] = yield* preparing(member, bounds, seen);
    }
    if (seen.members - before > LONG) Object.defineProperty(value, Symbol.toPrimitive, TEXTLESS);
    return value;
  }
  if (value instanceof Map) {
    const members = value as Map<string, unknown>;
    for (const [key, member] of members) {
      if (typeof member === 'object') members.set(key, yield* preparing(member, bounds, seen));
    }
    return ordered(members, bounds);
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (typeof member !== 'object') continue;
    const prepared = yield* preparing(member, bounds, seen);
    if (prepared !== member) object[key] = prepared;
  }
  if (Object.hasOwn(object, 'toString') || Object.hasOwn(object, 'valueOf'))
    Object.defineProperty(object, Symbol.toPrimitive, TEXTLESS);
  return object;
}

/**
 * An object with these members, its keys in their order, whatever they look like. It is a Map for whoever
 * writes it as JSON.
 */
function ordered(members: Map<string, unknown>, bounds: Bounds): object {
  const entries = (): Iterator<unknown> => members.entries();
  return new Proxy(members, {
    get(_, key) {
      if (key === Symbol.iterator) return entries;
      if (key === Symbol.toPrimitive) return TEXTLESS.value;
      // LiquidJS would list all keys to count them.
      if (key === 'size' && !members.has(key)) return members.size;
      return typeof key === 'string' ? members.get(key) : undefined;
    },
    has(_, key) {
      // So LiquidJS asks before it lists the entries.
      if (key === Symbol.iterator) bounds.atOnce(LOOPING * members.size);
      return typeof key === 'string' ? members.has(key) : key === Symbol.iterator;
    },
    // Whether there are any is all that is asked of the keys.
    ownKeys: () => [...members.keys().take(1)],
    getOwnPropertyDescriptor: (_, key) =>
      typeof key === 'string' && members.has(key)
        ? { value: members.get(key), enumerable: true, configurable: true, writable: true }
        : undefined,
  });
}
