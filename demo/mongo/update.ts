import { type Document, ObjectId } from 'bson';
import type { Options } from 'mingo/types';
import { updateOne } from 'mingo/updater';
import { resolve } from 'mingo/util';
import { refuseUnknown } from './accumulators.ts';
import { toQuery, toRaw, toStoredView, toTyped } from './bson.ts';
import type { Command } from './command.ts';
import { comparer } from './compare.ts';
import { matching, optionsOf } from './select.ts';

type Fields = Record<string, unknown>;
type Change = Fields | Fields[];

/** `update`: replacements, operators, pipelines and upserts. */
export const update: Command = (request, { store }) => {
  const collection = store.write(request.database, request.collection ?? '');
  const upserted: Document[] = [];
  let n = 0;
  let nModified = 0;
  for (const [index, raw] of request.documents('updates').entries()) {
    const { q: filter, collation, multi, upsert, arrayFilters } = toQuery(raw);
    const options = { ...optionsOf(request, store), ...(collation && { collation }) };
    const apply = (document: Document, inserting: boolean): Document =>
      changed(document, changeIn(raw, inserting), inserting ? {} : filter, arrayFilters, options);
    const found = matching(collection, filter, options, request);
    const targets = multi ? found.toArray() : found.take(1).toArray();
    for (const stored of targets) {
      const after = toRaw(apply(toTyped(stored.raw), false));
      n += 1;
      if (Buffer.compare(after, stored.raw) === 0) continue;
      collection.replace(stored, after);
      nModified += 1;
    }
    if (targets.length > 0 || !upsert) continue;
    const { _id = new ObjectId(), ...rest } = apply(equalities(filter), true);
    collection.insert(toRaw({ _id, ...rest }));
    upserted.push({ index, _id });
    n += 1;
  }
  return { n, nModified, ok: 1, ...(upserted.length > 0 && { upserted }) };
};

/**
 * The change as mingo takes it, `$set` with its BSON types; `$setOnInsert` counts as `$set` on an insert and
 * for nothing else.
 */
function changeIn(raw: Uint8Array, inserting: boolean): Change {
  const typed = toTyped(raw).u as Change;
  if (isReplacement(typed)) return typed;
  const change = toQuery(raw).u as Change;
  if (Array.isArray(change) || Array.isArray(typed)) return change;
  const { $set, $setOnInsert } = typed as Record<string, Fields | undefined>;
  const { $setOnInsert: _, ...others } = change;
  const set = { ...$set, ...(inserting && $setOnInsert) };
  return { ...others, ...(Object.keys(set).length > 0 && { $set: set }) };
}

function isReplacement(change: Change): change is Fields {
  return !Array.isArray(change) && !Object.keys(change).some((name) => name.startsWith('$'));
}

function changed(
  document: Document,
  change: Change,
  filter: Document,
  arrayFilters: Document[] = [],
  options: Partial<Options>,
): Document {
  if (isReplacement(change)) return { ...('_id' in document && { _id: document._id as unknown }), ...change };
  const documents = [toStoredView(toRaw(document))];
  if (!Array.isArray(change)) refuseInexact(change, documents[0] as Document);
  // mingo tests the filter again because it tells it what a positional `$` stands for.
  updateOne(documents, filter, change as Parameters<typeof updateOne>[2], { arrayFilters }, options);
  return withTypes(documents[0], document) as Document;
}

/** Those that count or compare; mingo would leave a number that it does not know as it is, without a word. */
const COUNTING = new Set(['$inc', '$mul', '$min', '$max', '$bit', '$addToSet']);

function refuseInexact(change: Fields, document: Document): void {
  for (const [name, fields] of Object.entries(change))
    for (const [path, operand] of Object.entries(Object(fields) as Fields)) {
      if (!COUNTING.has(name) && !(name === '$push' && isPlainObject(operand) && operand.$sort !== undefined)) continue;
      const [place = path] = path.split('.$');
      refuseUnknown(name, leaves([operand, resolve(document, place)]));
    }
}

function leaves(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  return isPlainObject(value) ? Object.values(value).flatMap(leaves) : [value];
}

/** What did not change keeps its BSON type. */
function withTypes(after: unknown, before: unknown): unknown {
  if (comparer()(after, before) === 0) return before;
  if (Array.isArray(after) && Array.isArray(before))
    return after.map((member, index) => withTypes(member, before[index]));
  if (!isPlainObject(after) || !isPlainObject(before)) return after;
  return Object.fromEntries(Object.entries(after).map(([name, member]) => [name, withTypes(member, before[name])]));
}

function isPlainObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What an upsert's filter says about the document that is not there yet. */
function equalities(filter: Document): Document {
  const fields = Object.entries(filter).flatMap(([path, condition]): [string, unknown][] => {
    if (path.startsWith('$') || path.includes('.')) return [];
    if (!isPlainObject(condition)) return [[path, condition]];
    return Object.hasOwn(condition, '$eq') ? [[path, condition.$eq]] : [];
  });
  return Object.fromEntries(fields);
}
