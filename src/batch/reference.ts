import { followPath, keysOf, memberOf, put, valuesOf } from '../json/members.ts';
import { Placeholder, WORDS, type Word } from '../placeholder.ts';
import { parsePointer } from './pointer.ts';

const RESERVED: ReadonlySet<string> = new Set([...WORDS, '$verbatim']);

/** Where a planned reference reads from: another query's value or `meta`, or the nearest forEach's item. */
export type Target =
  | {
      readonly from: 'result';
      readonly name: string;
      readonly up: number;
      readonly member: number;
      readonly steps: readonly string[];
    }
  | { readonly from: 'item'; readonly steps: readonly string[] };

/** A reference of the request: a Placeholder that knows where it stands, what it names and, once planned, where that is. */
export class Reference extends Placeholder {
  /** Where it stands in the request. */
  readonly at: readonly (string | number)[];
  /** Its pointer's steps; of a `$join` none. */
  readonly steps: readonly string[];
  target: Target | undefined;

  constructor(
    word: Word,
    at: readonly (string | number)[],
    steps: readonly string[],
    parts?: readonly (string | Placeholder)[],
  ) {
    super(word, parts);
    this.at = at;
    this.steps = steps;
  }
}

/** Stands where a reference was written that cannot be read: its fault is told, and nothing more is said of its place. */
export const BROKEN = new Reference('$result', [], []);

/** Hears what is wrong with the request, and where; it throws once no more is to be told. */
export type Report = (path: readonly (string | number)[], detail: string) => void;

/** Collects what reading a template finds. */
export interface Findings {
  readonly references: Reference[];
  readonly report: Report;
  /** Whether `{"$meta": name}` may be the store's own word here: MongoDB's, whose name is no pointer. */
  readonly ownMeta?: (at: readonly (string | number)[]) => boolean;
}

/** The word, if any, that makes an object of the request a reference, or `$verbatim`. */
export function wordIn(value: object): Word | '$verbatim' | undefined {
  return keysOf(value).find((key) => RESERVED.has(key)) as Word | '$verbatim' | undefined;
}

/**
 * Reads a JSON value of the request with its references in it: each `{"$result": …}` becomes a Reference, each `{"$verbatim": x}` becomes x.
 * A value without any is returned as it is, so that what is literal costs nothing later.
 */
export function readTemplate(value: unknown, at: readonly (string | number)[], found: Findings): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy = value.map((member, index) => readTemplate(member, [...at, index], found));
    return copy.some((member, index) => member !== value[index]) ? copy : value;
  }
  const keys = keysOf(value);
  const word = wordIn(value);
  if (word !== undefined) {
    if (keys.length > 1) {
      found.report([...at, word], 'a reference stands alone in its object');
      return BROKEN;
    }
    const argument = memberOf(value, word);
    if (word === '$verbatim') return argument;
    if (word === '$meta' && isName(argument) && found.ownMeta?.(at)) return value;
    return readReference(word, argument, at, found);
  }
  let changed = false;
  let copy: object = {};
  for (const key of keys) {
    const member = memberOf(value, key);
    const read = readTemplate(member, [...at, key], found);
    copy = put(copy, key, read);
    changed ||= read !== member;
  }
  return changed ? copy : value;
}

function isName(argument: unknown): boolean {
  return typeof argument === 'string' && argument !== '' && !argument.startsWith('/');
}

function readReference(word: Word, argument: unknown, at: readonly (string | number)[], found: Findings): unknown {
  const fault = (detail: string): Reference => {
    found.report([...at, word], detail);
    return BROKEN;
  };
  if (word === '$join') {
    if (!Array.isArray(argument)) return fault('$join takes a list of strings and references');
    const parts: (string | Placeholder)[] = [];
    for (const [index, part] of argument.entries()) {
      const path = [...at, word, index];
      const read = readTemplate(part, path, found);
      if (typeof read === 'string' || read instanceof Reference) parts.push(read);
      else if (typeof read === 'number' || typeof read === 'boolean') parts.push(String(read));
      else found.report(path, 'a string, a number, a boolean or a reference is allowed here');
    }
    const join = new Reference(word, at, [], parts);
    found.references.push(join);
    return join;
  }
  if (word === '$param') return fault('parameters exist in saved batches only');
  if (typeof argument !== 'string') return fault('a JSON Pointer (RFC 6901), written as a string, is allowed here');
  let steps: readonly string[];
  try {
    steps = parsePointer(argument);
  } catch {
    return fault('not a JSON Pointer: it is empty or begins with "/", and "~" is written ~0 (RFC 6901)');
  }
  if ((word === '$result' || word === '$meta') && (steps[0] ?? '') === '')
    return fault(`${word} names a query: "/name" or "/name/…"`);
  const reference = new Reference(word, at, steps);
  found.references.push(reference);
  return reference;
}

/** A reference itself, or those that a `$join` is made of. */
export function plainReferences(reference: Placeholder): readonly Reference[] {
  if (reference.word !== '$join') return [reference as Reference];
  return reference.parts.flatMap((part) => (typeof part === 'string' ? [] : plainReferences(part)));
}

/** True if a path leads to where a reference was written that cannot be read. */
export function isBroken(template: unknown, path: readonly (string | number)[]): boolean {
  return followPath(template, path) === BROKEN;
}

/** True if a template has a reference anywhere in it. */
export function hasReference(template: unknown): boolean {
  if (template instanceof Placeholder) return true;
  if (typeof template !== 'object' || template === null) return false;
  return valuesOf(template).some(hasReference);
}
