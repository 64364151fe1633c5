import { type Document, ObjectId } from 'bson';
import { toQuery, toRaw, toTyped } from './bson.ts';
import type { Command } from './command.ts';
import { keyOf } from './compare.ts';
import { CODE } from './failure.ts';
import { matching, optionsOf } from './select.ts';

/** `insert` */
export const insert: Command = (request, { store }) => {
  const collection = store.write(request.database, request.collection ?? '');
  const ns = `${request.database}.${request.collection}`;
  const writeErrors: Document[] = [];
  let n = 0;
  for (const [index, raw] of request.documents('documents').entries()) {
    if (collection.insert(withId(raw))) n += 1;
    else {
      const keyValue = { _id: toTyped(raw)._id as unknown };
      const errmsg = `E11000 duplicate key error collection: ${ns} index: _id_ dup key: { _id: ${keyOf(keyValue._id)} }`;
      writeErrors.push({ index, code: CODE.DuplicateKey, errmsg, keyPattern: { _id: 1 }, keyValue });
      if (request.body.ordered !== false) break;
    }
  }
  return { n, ok: 1, ...(writeErrors.length > 0 && { writeErrors }) };
};

/** A document's bytes, with an `_id` made up in front if it has none. */
export function withId(raw: Uint8Array): Uint8Array {
  const document = toTyped(raw);
  return Object.hasOwn(document, '_id') ? raw : toRaw({ _id: new ObjectId(), ...document });
}

/** `delete` */
export const remove: Command = (request, { store }) => {
  const collection = store.write(request.database, request.collection ?? '');
  let n = 0;
  for (const statement of request.documents('deletes').map(toQuery)) {
    const found = matching(collection, statement.q as Document, optionsOf(request, store), request);
    for (const stored of statement.limit ? found.take(1).toArray() : found.toArray()) {
      collection.remove(stored);
      n += 1;
    }
  }
  return { n, ok: 1 };
};
