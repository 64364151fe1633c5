import type { Document } from 'bson';
import * as pipeline from 'mingo/operators/pipeline';
import { refuseUnknown } from './accumulators.ts';

/**
 * mingo answers fields by the order of their names; mongod those that it keeps as the document has them, and
 * those that it computes after them, as they were written.
 */
export const $project: typeof pipeline.$project = (input, spec, options) => {
  refuseUnknownFlags(spec);
  const computed = new Set(
    Object.entries(spec)
      .filter((field) => !isPlain(Object.fromEntries([field])))
      .map(([name]) => name),
  );
  let given: Document = {};
  const results = pipeline.$project(
    input.map((document: Document) => (given = document)),
    spec,
    options,
  );
  return results.map((result: Document) => inOrder(result, given, computed));
};

/** True for a projection that only keeps fields or only leaves them out. */
export function isPlain(projection: Document): boolean {
  return Object.entries(projection).every(([path, value]) => {
    if (path.startsWith('$') || path.endsWith('.$')) return false;
    if (typeof value === 'number' || typeof value === 'boolean') return true;
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0 && isPlain(value);
  });
}

/** Refuses a 1 or 0 that mingo would take for a value. */
export function refuseUnknownFlags(projection: Document): void {
  for (const [name, value] of Object.entries(projection)) {
    if (name.startsWith('$')) continue;
    if (isDocument(value)) refuseUnknownFlags(value);
    else if (!Array.isArray(value)) refuseUnknown('a projection', value);
  }
}

/** A document with its keys as another has them; last those that it alone has, or that are computed. */
function inOrder(result: Document, given: Document, computed: ReadonlySet<string>): Document {
  const isKept = (key: string): boolean => Object.hasOwn(given, key) && !computed.has(key);
  const kept = Object.keys(given).filter((key) => Object.hasOwn(result, key) && isKept(key));
  const others = new Set([...computed, ...Object.keys(result)]).values().filter((key) => !isKept(key));
  return Object.fromEntries([
    ...kept.map((key) => [key, within(result[key], given[key])]),
    ...others.filter((key) => Object.hasOwn(result, key)).map((key) => [key, result[key]]),
  ]) as Document;
}

const NONE: ReadonlySet<string> = new Set();

function within(result: unknown, given: unknown): unknown {
  if (result === given) return result;
  if (Array.isArray(result) && Array.isArray(given) && result.length === given.length)
    return result.map((member, at) => within(member, given[at]));
  return isDocument(result) && isDocument(given) ? inOrder(result, given, NONE) : result;
}

/** What BSON's own types are not. */
function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
