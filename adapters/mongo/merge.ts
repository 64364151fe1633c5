import { canonical } from '../../src/json/canonical.ts';
import { memberOf, onlyKeyOf } from '../../src/json/members.ts';
import type { Context, Query } from '../../src/store/fetch.ts';
import type { Payload, Value } from '../../src/store/payload.ts';
import { Placeholder } from '../../src/store/placeholder.ts';
import type { Merger, Parts, Point } from '../adapter.ts';
import { DOCUMENT, endOf, LARGE, LIST, nul, octet } from './bson-reader.ts';
import { check, type Caps } from './caps.ts';
import { equalityText, equalityTextAt, isText } from './equality.ts';
import { mongoError } from './failure.ts';
import { keptKey, WHOLE } from './kept-key.ts';
import { MERGED, type MergedDocuments } from './merged.ts';
import type { MongoOptions } from './options.ts';
import type { MongoQuery } from './query.ts';
import { documentValue, largeDocumentValue } from './value.ts';

/** Keys of one query: beyond about a hundred one more saves nothing. */
const MOST = 100;
/** Characters of the keys of one query, which is far from what a command may have. */
const MOST_CHARS = 2 ** 20;

/** A `findOne` by the value of a field that tells documents from each other. */
interface MongoPoint extends Point {
  readonly query: MongoQuery;
  readonly field: string;
  readonly value: unknown;
  /** Of all values that are equal by MongoDB's rules. */
  readonly key: string;
  readonly projection: object | undefined;
  readonly isForeign: boolean;
}

/** What has been found for a key. */
interface Found {
  document: Buffer | undefined;
}

/** Many `findOne` by `_id`, or by a field of `unique`, as one `find` with `$in`. */
export class MongoMerger implements Merger<MongoPoint> {
  readonly #source: string;
  readonly #unique: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #caps: Caps;
  #last = { mode: '', collection: '', field: '', group: '' };

  constructor({ name, unique = {} }: Pick<MongoOptions, 'name' | 'unique'>, caps: Caps) {
    this.#source = name;
    this.#unique = new Map(Object.entries(unique).map(([collection, fields]) => [collection, new Set(fields)]));
    this.#caps = caps;
  }

  pointOf(query: Query): MongoPoint | undefined {
    if (query.point === undefined) query.point = this.#read(query) ?? null;
    return (query.point as MongoPoint | null) ?? undefined;
  }

  #read({ op, params }: Query): MongoPoint | undefined {
    if (op !== 'findOne') return undefined;
    const query = params as MongoQuery;
    const { command, collection } = query;
    for (const name of ALONE) if (command[name] !== undefined) return undefined;
    const filter = command['filter'] as object;
    const field = onlyKeyOf(filter);
    if (field === undefined) return undefined;
    if (field !== '_id' && !this.#unique.get(collection)?.has(field)) return undefined;
    const value = comparedWith(memberOf(filter, field));
    const key = value instanceof Placeholder ? '' : equalityText(value);
    if (key === undefined) return undefined;
    const projection = command['projection'] as object | undefined;
    const kept = projection ? keptKey(projection, field) : WHOLE;
    const shown = projection ? canonical(projection) : '';
    if (!kept || shown === undefined) return undefined;
    const group = this.#groupOf(query, field) + shown;
    const { projection: sent, isForeign } = kept;
    const bounds = { most: MOST, chars: key.length, mostChars: MOST_CHARS };
    return { group, ...bounds, query, field, value, key, projection: sent, isForeign };
  }

  /** What all have in common, but for a projection: kept for the next, most of which have it, too. */
  #groupOf({ mode, collection }: MongoQuery, field: string): string {
    const last = this.#last;
    if (last.mode === mode && last.collection === collection && last.field === field) return last.group;
    const group = `${mode} ${collection.length} ${collection} ${field.length} ${field} `;
    this.#last = { mode, collection, field, group };
    return group;
  }

  merged(points: readonly MongoPoint[]): Query {
    const [{ query, field, projection }] = points as [MongoPoint];
    const values = new Map<string, unknown>();
    for (const { key, value } of points) values.set(key, value);
    const command = {
      find: query.collection,
      filter: { [field]: { $in: [...values.values()] } },
      ...(projection && { projection }),
      allowDiskUse: false,
      // One more than there can be tells the store that it has reached the end.
      batchSize: values.size + 1,
    };
    return { op: MERGED, params: { collection: query.collection, mode: query.mode, command }, want: 'value' };
  }

  split(answer: Payload, points: readonly MongoPoint[]): Parts<MongoPoint> {
    const { value: documents, isWhole } = answer as MergedDocuments;
    const [{ field, query, isForeign }] = points as [MongoPoint];
    const asked = new Map<string, Found>();
    for (const { key } of points) asked.set(key, { document: undefined });
    const path = field.split('.').map((name) => Buffer.from(name));
    let areAllTold = isWhole;
    let hasText = false;
    for (const document of documents) {
      let isTold = false;
      for (const key of keysAt(document, 0, path, 0)) {
        if (key === undefined) {
          // It may be what another one asks for, and nobody knows.
          areAllTold = false;
          continue;
        }
        hasText ||= isText(key);
        const found = asked.get(key);
        if (!found) continue;
        isTold = true;
        // Of several, which a unique field does not have, the store answers the first.
        found.document ??= document;
      }
      // It is here for a key to which it is equal by other rules, such as those of a collation.
      if (!isTold) areAllTold = false;
    }
    const of = (point: MongoPoint, context: Context) => {
      const document = asked.get(point.key)?.document;
      // Only the store knows whether, under a collation of the collection's, one text is another, too.
      if (!document && (!areAllTold || (hasText && isText(point.key)))) return undefined;
      try {
        return this.#value(document && isForeign ? strip(document, path[0]!) : document, query, context);
      } catch (error) {
        throw mongoError(error, this.#source, context.signal);
      }
    };
    return { of };
  }

  #value(
    document: Buffer | undefined,
    { mode }: MongoQuery,
    { memory, work, signal }: Context,
  ): Value | Promise<Value> {
    const bytes = document?.length ?? 0;
    memory.hold(bytes);
    check(this.#caps, 1, bytes);
    if (!document || bytes < LARGE) return documentValue(document, mode);
    return work.do(largeDocumentValue(document, mode), signal);
  }
}

/** What a `findOne` of many does not have beside its filter and its projection. */
const ALONE = ['sort', 'skip', 'collation', 'hint'] as const;

/** What a field's condition compares it with for equality: itself, or what is under `$eq`. */
function comparedWith(condition: unknown): unknown {
  const isOperator = typeof condition === 'object' && condition !== null && onlyKeyOf(condition) === '$eq';
  return isOperator ? memberOf(condition, '$eq') : condition;
}

/** A key, or undefined for a value that has none. */
type Key = string | undefined;

/** What stands under a path, as a filter compares it: also what is in lists on its way. */
function keysAt(bytes: Buffer, start: number, path: readonly Buffer[], depth: number): Key[] {
  const name = path[depth]!;
  for (let at = start + 4; bytes[at] !== 0;) {
    const type = octet(bytes, at);
    const from = nul(bytes, at + 1) + 1;
    if (isNamed(bytes, at + 1, from - 1, name)) {
      if (type !== LIST) return keysOf(bytes, type, from, path, depth);
      const keys: Key[] = [];
      for (let item = from + 4; bytes[item] !== 0;) {
        const start = nul(bytes, item + 1) + 1;
        for (const key of keysOf(bytes, octet(bytes, item), start, path, depth)) keys.push(key);
        item = endOf(bytes, octet(bytes, item), start);
      }
      return keys;
    }
    at = endOf(bytes, type, from);
  }
  return [];
}

/** What one value on the way is, or has under the rest of it. */
function keysOf(bytes: Buffer, type: number, at: number, path: readonly Buffer[], depth: number): Key[] {
  if (depth < path.length - 1) return type === DOCUMENT ? keysAt(bytes, at, path, depth + 1) : [];
  return [equalityTextAt(bytes, type, at)];
}

function isNamed(bytes: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (bytes[from + at] !== name[at]) return false;
  return true;
}

/** A document without a field of its own. */
function strip(document: Buffer, name: Buffer): Buffer {
  const kept: Buffer[] = [document.subarray(0, 4)];
  for (let at = 4; document[at] !== 0;) {
    const from = nul(document, at + 1) + 1;
    const end = endOf(document, octet(document, at), from);
    if (!isNamed(document, at + 1, from - 1, name)) kept.push(document.subarray(at, end));
    at = end;
  }
  const stripped = Buffer.concat([...kept, Buffer.of(0)]);
  stripped.writeInt32LE(stripped.length, 0);
  return stripped;
}
