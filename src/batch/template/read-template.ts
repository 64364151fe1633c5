import { toText } from '../../json/leaf.ts';
import { entriesOf, firstKeyOf, followPath, keysOf, memberOf, put } from '../../json/members.ts';
import { isPointer, parsePointer } from '../../json/pointer.ts';
import { Placeholder, WORDS, type Word } from '../../store/placeholder.ts';
import { BROKEN, Reference, type Report } from './reference.ts';
import type { Path, Spot } from './spot.ts';

const RESERVED = [...WORDS, '$verbatim'] as const;

/** What the first step of a pointer names. */
const NAMED: Partial<Record<Word, string>> = {
  $result: 'a query',
  $meta: 'a query',
  $param: 'a parameter',
  $caller: 'a claim',
};

/** Collects what reading a template finds. */
export interface Findings {
  readonly references: Reference[];
  readonly report: Report;
  /** The references, by how they are written. */
  known?: Map<string, Reference> | undefined;
  /** Whether `{"$meta": name}` may be the store's own word here: MongoDB's, whose name is no pointer. */
  ownMeta?(at: Spot): boolean;
}

/** The word, if any, that makes an object of the request a reference, or `$verbatim`. */
export function wordIn(value: object): Word | '$verbatim' | undefined {
  // Most objects have no such key, and there may be very many of them.
  if (value instanceof Map) return RESERVED.find((word) => value.has(word));
  for (const key in value) if (key.startsWith('$')) return RESERVED.find((word) => Object.hasOwn(value, word));
  return undefined;
}

/** Lists and objects of templates that have a reference somewhere in them. */
const mixed = new WeakSet<object>();

/**
 * Reads a JSON value of the request with its references in it: each `{"$result": …}` becomes a Reference,
 * each `{"$verbatim": x}` becomes x. A value without any is returned as it is, so that what is literal costs
 * nothing later.
 */
export function readTemplate(value: unknown, at: Spot, findings: Findings): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return readList(value, at, findings);
  const word = wordIn(value);
  if (word !== undefined) {
    if (keysOf(value).length > 1) {
      findings.report(at.below(word), 'a reference stands alone in its object');
      return BROKEN;
    }
    const argument = memberOf(value, word);
    if (word === '$verbatim') return argument;
    if (word === '$meta' && isName(argument) && findings.ownMeta?.(at)) return value;
    return readReference(word, argument, at, findings);
  }
  return readObject(value, at, findings);
}

function readObject(object: object, at: Spot, findings: Findings): object {
  let changed: Map<string, unknown> | undefined;
  let isMixed = false;
  for (const [key, member] of entriesOf(object)) {
    if (isScalar(member)) continue;
    const read = readTemplate(member, at.below(key), findings);
    if (read !== member) (changed ??= new Map()).set(key, read);
    isMixed ||= hasReference(read);
  }
  if (!changed) return object;
  let copy: object = {};
  for (const [key, member] of entriesOf(object)) copy = put(copy, key, changed.has(key) ? changed.get(key) : member);
  if (isMixed) mixed.add(copy);
  return copy;
}

function readList(list: readonly unknown[], at: Spot, findings: Findings): readonly unknown[] {
  let copy: unknown[] | undefined;
  let isMixed = false;
  for (const [index, member] of list.entries()) {
    if (isScalar(member) || isEmpty(member as object)) continue;
    const read = readTemplate(member, at.below(index), findings);
    if (read !== member) (copy ??= list.slice())[index] = read;
    isMixed ||= hasReference(read);
  }
  if (isMixed && copy) mixed.add(copy);
  return copy ?? list;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** There may be very many that are, each of which would be given its place. */
function isEmpty(value: object): boolean {
  return Array.isArray(value) ? value.length === 0 : firstKeyOf(value) === undefined;
}

function isName(argument: unknown): boolean {
  return typeof argument === 'string' && argument !== '' && !argument.startsWith('/');
}

function readReference(word: Word, argument: unknown, at: Spot, findings: Findings): unknown {
  const fault = (detail: string): Reference => {
    findings.report(at.below(word), detail);
    return BROKEN;
  };
  if (word === '$join') {
    if (!Array.isArray(argument)) return fault('$join takes a list of strings and references');
    const parts: (string | Placeholder)[] = [];
    for (const [index, part] of argument.entries()) {
      const read = isScalar(part) ? (part as unknown) : readTemplate(part, at.below(word).below(index), findings);
      if (read instanceof Reference) parts.push(read);
      else if (typeof read === 'string' || typeof read === 'number' || typeof read === 'boolean')
        addText(parts, toText(read) as string);
      else findings.report(at.below(word).below(index), 'a string, a number, a boolean or a reference is allowed here');
    }
    const join = new Reference(word, at, [], parts);
    findings.references.push(join);
    return join;
  }
  if (typeof argument !== 'string') return fault('a JSON Pointer (RFC 6901), written as a string, is allowed here');
  if (!isPointer(argument))
    return fault('not a JSON Pointer: it is empty or begins with "/", and "~" is written ~0 (RFC 6901)');
  const steps = parsePointer(argument);
  const named = NAMED[word];
  if (named && (steps[0] ?? '') === '') return fault(`${word} names ${named}: "/name" or "/name/…"`);
  // The same reference is read once, however often it is written.
  const written = `${word}${argument}`;
  findings.known ??= new Map();
  const known = findings.known.get(written);
  if (known) {
    known.places.push(at);
    return known;
  }
  const reference = new Reference(word, at, steps);
  findings.known.set(written, reference);
  findings.references.push(reference);
  return reference;
}

/** Adds a literal text. Two that stand beside each other become one. */
function addText(parts: (string | Placeholder)[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = last + text;
  else parts.push(text);
}

/** True if a path leads to where a reference was written that cannot be read. */
export function isBroken(template: unknown, path: Path): boolean {
  return followPath(template, path) === BROKEN;
}

/** True if a template, as `readTemplate` made it, has a reference anywhere in it. */
export function hasReference(template: unknown): boolean {
  return template instanceof Placeholder || (typeof template === 'object' && template !== null && mixed.has(template));
}
